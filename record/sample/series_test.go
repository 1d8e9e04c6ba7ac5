package sample

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

// Ranges a clinician would accept, by LOINC code and unit.
var plausible = map[string][2]float64{
	"4548-4 %": {6, 10}, "59261-8 mmol/mol": {50, 95}, "62238-1 mL/min/{1.73_m2}": {45, 90}, "33914-3 mL/min/{1.73_m2}": {75, 90},
	"14682-9 umol/L": {55, 145}, "2823-3 mmol/L": {3.5, 5.6}, "14647-2 mmol/L": {3.2, 7}, "718-7 g/L": {90, 140}, "1988-5 mg/L": {0, 200},
	"8480-6 mm[Hg]": {105, 175}, "8462-4 mm[Hg]": {55, 105}, "29463-7 kg": {65, 90}, "39156-5 kg/m2": {25, 35}, "8302-2 cm": {160, 162},
	"44261-6 {score}": {0, 27}, "70274-6 {score}": {0, 21}, "75626-2 {score}": {0, 12}, "14743-9 mmol/L": {4, 9},
	"8867-4 /min": {55, 110}, "9279-1 /min": {12, 24}, "8310-5 Cel": {35.5, 38.5}, "59408-5 %": {92, 100},
}

func TestSeriesArePlausible(t *testing.T) {
	seen := map[string]int{}
	check := func(at string, o map[string]any) {
		q, ok := o["valueQuantity"].(map[string]any)
		if !ok {
			return
		}
		key := codeOf(o["code"])
		if key == "" {
			return
		}
		key += " " + q["code"].(string)
		bounds, ok := plausible[key]
		v, _ := q["value"].(json.Number).Float64()
		if !ok || v < bounds[0] || v > bounds[1] {
			t.Errorf("%s: %s of %v", at, key, v)
		}
		seen[key]++
	}
	for _, p := range parse(t) {
		for _, r := range p.entries {
			if r["resourceType"] != "Observation" {
				continue
			}
			at := p.Name + " " + r["effectiveDateTime"].(string)
			check(at, r)
			parts, _ := r["component"].([]any)
			var pair []float64
			for _, c := range parts {
				check(at, c.(map[string]any))
				v, _ := c.(map[string]any)["valueQuantity"].(map[string]any)["value"].(json.Number).Float64()
				pair = append(pair, v)
			}
			if len(pair) == 2 && (pair[0]-pair[1] < 25 || pair[0]-pair[1] > 85) {
				t.Errorf("%s: %v over %v", at, pair[0], pair[1])
			}
		}
	}
	for key := range plausible {
		if seen[key] == 0 {
			t.Errorf("no %s", key)
		}
	}
	if seen["59261-8 mmol/mol"] < 30 || seen["8480-6 mm[Hg]"] < 40 {
		t.Errorf("short series: %v", seen)
	}
}

// HbA1c rises after the bereavement and falls with insulin; eGFR declines.
func TestSeriesFollowTheStory(t *testing.T) {
	hba1c, egfr := map[string]float64{}, map[string]float64{}
	for _, p := range parse(t) {
		for _, r := range p.entries {
			q, _ := r["valueQuantity"].(map[string]any)
			if q == nil {
				continue
			}
			v, _ := q["value"].(json.Number).Float64()
			switch codeOf(r["code"]) {
			case "59261-8":
				hba1c[r["effectiveDateTime"].(string)] = v
			case "62238-1":
				egfr[r["effectiveDateTime"].(string)] = v
			}
		}
	}
	mean := func(series map[string]float64, years ...string) float64 {
		sum, n := 0.0, 0.0
		for day, v := range series {
			for _, y := range years {
				if strings.HasPrefix(day, y) {
					sum, n = sum+v, n+1
				}
			}
		}
		return sum / math.Max(n, 1)
	}
	if before, grief, after := mean(hba1c, "2019"), mean(hba1c, "2022"), mean(hba1c, "2025"); grief < before+15 || after > grief-15 {
		t.Errorf("HbA1c %v, %v, %v", before, grief, after)
	}
	if early, late := mean(egfr, "2014", "2015"), mean(egfr, "2025", "2026"); early-late < 10 {
		t.Errorf("eGFR %v to %v", early, late)
	}
}

// CKD-EPI 2009 as published: a woman of 66 with 92 µmol/L (1.04 mg/dL) has an
// eGFR of about 56; creatinineFor turns it round.
func TestCreatinineAgreesWithEGFR(t *testing.T) {
	day := mustDay(t, "2021-05-10")
	if got := creatinineFor(56, day); got < 90 || got > 94 {
		t.Errorf("%d µmol/L", got)
	}
}

func mustDay(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
