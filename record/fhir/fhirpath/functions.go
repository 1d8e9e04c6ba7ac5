package fhirpath

import (
	"strconv"
	"strings"
	"sync"

	"carehold/record"
	"carehold/record/fhir/r4"
)

var extensionType = sync.OnceValue(func() *r4.Type { t, _ := r4.Lookup("Extension"); return t })

var errType = record.Safef(record.Unprocessed, "a function of FHIRPath was given a value of a type that it does not take")

// functions are all that are supported, with those that a path does on its way
// (call.go, fused) or that take a type.
var functions map[string]*function

func init() { // a function's arguments are nodes, whose calls are of functions
	functions = map[string]*function{
		// Existence (N1 §5.1)
		"exists":     {max: 1, each: true, test: exists},
		"empty":      {test: exists},
		"all":        {min: 1, max: 1, each: true, test: all},
		"count":      {list: count},
		"distinct":   {list: distinct},
		"isDistinct": {test: isDistinct},
		"not":        {test: not},
		"hasValue":   {test: hasValue},
		// Filtering, projection (§5.2) and subsetting (§5.3)
		"where":     {min: 1, max: 1, each: true, list: where},
		"select":    {min: 1, max: 1, each: true, list: project},
		"[]":        {min: 1, max: 1, list: item},
		"first":     {},
		"last":      {list: last},
		"tail":      {list: tail},
		"intersect": {min: 1, max: 1, list: intersect},
		"exclude":   {min: 1, max: 1, list: exclude},
		// Combining (§5.4), conversion (§5.5)
		"union":     {min: 1, max: 1, list: unite},
		"combine":   {min: 1, max: 1, list: combine},
		"iif":       {min: 2, max: 3, each: true, list: iif},
		"toInteger": {list: toInteger},
		"toString":  {list: toString},
		// Strings (§5.6)
		"startsWith":     {min: 1, max: 1, test: textTest(strings.HasPrefix)},
		"endsWith":       {min: 1, max: 1, test: textTest(strings.HasSuffix)},
		"contains":       {min: 1, max: 1, test: textTest(strings.Contains)},
		"matches":        {min: 1, max: 1, test: matches},
		"replaceMatches": {min: 2, max: 2, list: replaceMatches},
		"substring":      {min: 1, max: 2, list: substring},
		"length":         {list: length},
		// Trees (§5.8), and FHIR's own (FHIR R4 fhirpath.html#functions)
		"children":     {},
		"descendants":  {},
		"extension":    {min: 1, max: 1},
		"hasExtension": {min: 1, max: 1},
		"resolve":      {},
		"htmlChecks":   {test: htmlChecks},
		"memberOf":     {min: 1, max: 1, list: unknown},
		"conformsTo":   {min: 1, max: 1, list: unknown},
		"trace":        {min: 1, max: 2, each: true, list: trace},
	}
}

// item is [n].
func item(s *state, c *call, in []Value, f frame, to []Value) ([]Value, error) {
	v, ok, err := c.one(s, 0, f)
	if err != nil || !ok {
		return to, err
	}
	if v.system() != systemInteger {
		return to, errType
	}
	n, err := strconv.Atoi(v.Text())
	if err != nil || n < 0 || n >= len(in) {
		return to, nil
	}
	return append(to, in[n]), nil
}
