package export

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"carehold/record"
	"carehold/record/derived"
	"carehold/record/fhir"
)

// Who wrote what must not be lost on the way into another record, where all is written
// by one import. So the Provenance of the versions comes along, as entries. A record
// has one for each version, and most say the same of many: those are put together, and
// one entry tells of all.

// Told gathers what the Provenance of an export says.
type Told struct {
	name   string                  // of the export; makes the ids
	groups map[[32]byte]*toldGroup //
	order  [][32]byte
}

type toldGroup struct {
	like    map[string]json.RawMessage // all but id, meta and target
	section record.Section
	targets []string
}

// mostTargets is how many versions one Provenance tells of.
const mostTargets = 500

// NewTold begins to gather. The same name and versions give the
// same ids.
func NewTold(name string) *Told { return &Told{name: name, groups: map[[32]byte]*toldGroup{}} }

// Add takes a line of derived/Provenance.ndjson. where says what a version it is about
// is in the record it goes to, and where that is filed; "" leaves it out.
func (t *Told) Add(line []byte, where func(fhir.Ref, record.Version) (string, record.Section)) error {
	var all map[string]json.RawMessage
	var target []struct {
		Reference string `json:"reference"`
	}
	if _, err := fhir.Parse(line, fhir.Limits{}); err != nil {
		return err
	}
	if err := json.Unmarshal(line, &all); err != nil || json.Unmarshal(all["target"], &target) != nil {
		return record.Safef(record.Integrity, "this is not a Provenance with its targets")
	}
	delete(all, "id")
	delete(all, "meta")
	delete(all, "target")
	for name, drop := range map[string]func(part) bool{"entity": part.before, "extension": part.filed} {
		if all[name] == nil {
			continue
		}
		if kept := without(all[name], drop); kept == nil {
			delete(all, name)
		} else {
			all[name] = kept
		}
	}
	key, err := json.Marshal(all) // members in order
	if err != nil {
		return err
	}
	for _, x := range target {
		at := fhir.ParseReference(x.Reference)
		if at.Form != fhir.Relative || at.Version == "" {
			continue
		}
		v, err := strconv.ParseUint(at.Version, 10, 32)
		if err != nil {
			continue
		}
		name, section := where(at.Ref, record.Version(v))
		if name == "" {
			continue
		}
		sum := sha256.Sum256(append([]byte(section.String()+"\n"), key...))
		g := t.groups[sum]
		if g == nil {
			g = &toldGroup{like: all, section: section}
			t.groups[sum] = g
			t.order = append(t.order, sum)
		}
		g.targets = append(g.targets, name)
	}
	return nil
}

// part is an element of which only this is looked at.
type part struct {
	Role string `json:"role"`
	URL  string `json:"url"`
}

// before is the version before, which the version of a target says by itself.
func (p part) before() bool { return p.Role == "revision" }

// filed is where the entry was filed, and why: in another record that says nothing.
func (p part) filed() bool {
	return p.URL == "urn:carehold:section" || p.URL == "urn:carehold:filing-rule" || p.URL == "urn:carehold:filed-by-hand"
}

// without is a list without some of its elements; nil when none is left.
func without(value json.RawMessage, drop func(part) bool) json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		return value
	}
	list = slices.DeleteFunc(list, func(e json.RawMessage) bool {
		var p part
		return json.Unmarshal(e, &p) == nil && drop(p)
	})
	if len(list) == 0 {
		return nil
	}
	out, _ := json.Marshal(list)
	return out
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Resources are the entries that tell what was gathered. One tells only of versions
// that are filed together: it goes where they are.
func (t *Told) Resources() ([]*fhir.Resource, error) {
	var out []*fhir.Resource
	slices.SortFunc(t.order, func(a, b [32]byte) int { return strings.Compare(string(a[:]), string(b[:])) })
	for _, sum := range t.order {
		g := t.groups[sum]
		slices.Sort(g.targets)
		for n, some := range slices.Collect(slices.Chunk(slices.Compact(g.targets), mostTargets)) {
			var targets []map[string]string
			for _, x := range some {
				targets = append(targets, map[string]string{"reference": x})
			}
			id := sha256.Sum256(fmt.Appendf(nil, "%s\n%x\n%d\n%q", t.name, sum, n, some))
			var b strings.Builder
			fmt.Fprintf(&b, `{"resourceType":"Provenance","id":"carried-%s","meta":{"tag":[{"system":%q,"code":"provenance"}]}`, lowerBase32.EncodeToString(id[:16]), derived.CarriedTag)
			list, err := json.Marshal(targets)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&b, `,"target":%s`, list)
			for _, name := range slices.Sorted(maps.Keys(g.like)) {
				if name != "resourceType" {
					label, _ := json.Marshal(name)
					fmt.Fprintf(&b, `,%s:%s`, label, g.like[name])
				}
			}
			b.WriteByte('}')
			r, err := fhir.Parse([]byte(b.String()), fhir.Limits{})
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	return out, nil
}
