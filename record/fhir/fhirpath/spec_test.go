package fhirpath

import (
	"strings"
	"testing"
)

// show is a collection as the tables write it: a primitive's text, the place of
// anything else, and the type of what has neither.
func show(values []Value) string {
	var all []string
	for _, v := range values {
		switch {
		case v.HasValue():
			all = append(all, v.Text())
		case v.Node.Valid():
			all = append(all, v.Node.Path())
		default:
			all = append(all, v.Type)
		}
	}
	return strings.Join(all, ", ")
}

// A row is an expression and what it is; "" is empty, "!" an error.
type row struct{ expression, want string }

func check(t *testing.T, resource string, rows []row) {
	t.Helper()
	ctx := Root(mustParse(t, resource))
	for _, r := range rows {
		e, err := Compile(r.expression)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		values, err := e.Eval(ctx)
		got := show(values)
		if err != nil {
			got = "!"
		}
		if got != r.want {
			t.Errorf("%s is %q, %v; want %q", r.expression, got, err, r.want)
		}
	}
}

const anna = `{"resourceType":"Patient","id":"p","active":true,
"identifier":[{"system":"urn:a","value":"1"},{"system":"urn:b","value":"2"}],
"name":[{"use":"official","family":"Berg","given":["Anna","Maria"]},{"use":"usual","given":["Anni","Maria"]}],
"telecom":[{"system":"phone","value":"1"},{"system":"email","value":"a@b"},{"system":"email","value":"c@d"}],
"birthDate":"1970-05","multipleBirthInteger":2}`

// The numbers are sections of FHIRPath N1 (2.0.0), http://hl7.org/fhirpath/N1.
func TestLanguage(t *testing.T) {
	check(t, anna, []row{
		// Path selection: repeating elements are one collection, in order
		{"name.given", "Anna, Maria, Anni, Maria"},
		{"Patient.name.given", "Anna, Maria, Anni, Maria"},
		{"`Patient`.`name`.`given`", "Anna, Maria, Anni, Maria"},
		{"Observation.name.given", ""},
		{"DomainResource.id", "p"},
		{"Resource.id", "p"},
		{"$this.id", "p"},
		{"nothing.of.it", ""},
		// Literals (§4.1)
		{`'\'\\\/\n\u0041\` + "`'", "'\\/\nA`"},
		{"1.10", "1.10"},
		{"{}", ""},
		{"/* a */ 1 // b", "1"},
		// Singleton evaluation (§4.5): one item that is no boolean is true
		{"name.first() and true", "true"},
		{"name and true", "!"},
		{"active and multipleBirth", "true"},
		// Existence (§5.1)
		{"name.empty()", "false"}, {"contact.empty()", "true"}, {"contact.name.exists()", "false"},
		{"telecom.exists(system = 'email')", "true"}, {"telecom.exists(system = 'fax')", "false"},
		{"name.all(given.exists())", "true"}, {"name.all(family.exists())", "false"}, {"contact.all(false)", "true"}, {"name.all(family = 'Berg')", "false"},
		{"name.count()", "2"}, {"contact.count()", "0"},
		{"name.given.distinct()", "Anna, Maria, Anni"},
		{"name.given.isDistinct()", "false"}, {"name.use.isDistinct()", "true"}, {"contact.isDistinct()", "true"},
		{"(1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9).isDistinct()", "true"}, {"(1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9).combine(1.0).isDistinct()", "false"},
		// Filtering (§5.2)
		{"telecom.where(system = 'email').value", "a@b, c@d"},
		{"telecom.where($index = 1).value", "a@b"},
		{"telecom.where($index > 0 and system = 'email').value", "a@b, c@d"},
		{"telecom.where(period.start = '1').value", ""},
		{"telecom.where($this.value.select('x' | 'y')).value", "!"},
		{"name.select(given.first() & ' ' & family)", "Anna Berg, Anni "},
		{"identifier.select(value | system)", "1, urn:a, 2, urn:b"},
		// Subsetting (§5.3)
		{"name[1].given[0]", "Anni"}, {"name[2]", ""}, {"name[0 - 1]", ""}, {"name['0']", "!"}, {"Patient.name.given[2]", "Anni"},
		{"name.given.first()", "Anna"}, {"name.given.last()", "Maria"}, {"name.given.tail()", "Maria, Anni, Maria"}, {"id.tail()", ""},
		{"contact.first()", ""}, {"name.given.tail().first()", "Maria"}, {"(1 | 2 | 3).first()", "1"}, {"contact.last()", ""},
		{"name[0].given.intersect(name[1].given)", "Maria"}, {"name.given.intersect(name.given)", "Anna, Maria, Anni"},
		{"(1 | 2 | 3).exclude(2)", "1, 3"}, {"name.given.exclude('Maria')", "Anna, Anni"},
		// Combining (§5.4)
		{"name.given.union('x')", "Anna, Maria, Anni, x"}, {"name.given | {}", "Anna, Maria, Anni"},
		{"id.combine(id)", "p, p"}, {"1 | 1.0 | 2", "1, 2"}, {"(1 | 2) | (2 | 3)", "1, 2, 3"},
		// Conversion (§5.5)
		{"iif(active, 'y', 'n')", "y"}, {"iif({}, 'y', 'n')", "n"}, {"iif(false, 'y')", ""}, {"iif(active, 'y', name and true)", "y"}, {"name.given.iif(count() > 1, 'many', 'one')", "many"},
		{"'12'.toInteger()", "12"}, {"'+5'.toInteger()", "5"}, {"'-5'.toInteger()", "-5"}, {"'+-5'.toInteger()", ""}, {"'1.5'.toInteger()", ""}, {"'*'.toInteger()", ""},
		{"true.toInteger()", "1"}, {"1.5.toInteger()", ""}, {"name.given.toInteger()", "!"}, {"1.50.toString()", "1.50"}, {"name[0].toString()", ""},
		// Strings (§5.6)
		{"'abcdefg'.substring(3)", "defg"}, {"'abcdefg'.substring(1, 2)", "bc"}, {"'abcdefg'.substring(6, 2)", "g"}, {"'abcdefg'.substring(7, 1)", ""},
		{"'äöü'.substring(1, 1)", "ö"}, {"'abc'.substring(0 - 1)", ""}, {"{}.substring(1)", ""}, {"'äöü'.length()", "3"}, {"''.length()", "0"},
		{"'abc'.startsWith('ab')", "true"}, {"'abc'.startsWith('bc')", "false"}, {"'abc'.startsWith('')", "true"}, {"'abc'.endsWith('bc')", "true"},
		{"'abc'.contains('b')", "true"}, {"'abc'.contains('d')", "false"}, {"{}.contains('d')", ""}, {"name.given.contains('A')", "!"}, {"5.contains('5')", "!"},
		{"'N8000123123'.matches('N[0-9]{8}')", "true"}, {"'N8000123123'.matches('^N[0-9]{8}$')", "false"}, {"'a\\nb'.matches('a.b')", "true"},
		{"'a.b.c'.replaceMatches('\\\\..*', '')", "a"},
		// Equality (§6.1)
		{"1 = 1.0", "true"}, {"1.1 = 1.10", "true"}, {"1 = '1'", "false"}, {"{} = {}", ""}, {"{} != 'x'", ""}, {"'a' = 'A'", "false"},
		{"name.given = name.given", "true"}, {"(1 | 2) = (2 | 1)", "false"}, {"(1 | 2) = 1", "false"}, {"name[0] = name[1]", "false"}, {"name[0] != name[1]", "true"},
		{"birthDate = birthDate", "true"}, {"deceased != false", ""},
		// Comparison (§6.2)
		{"1 < 1.5", "true"}, {"2 > 10", "false"}, {"'2' > '10'", "true"}, {"1 < 'a'", "!"}, {"{} < 1", ""}, {"multipleBirth >= 2", "true"}, {"multipleBirth <= 1.99", "false"},
		{"name.given < 'A'", "!"}, {"-1.5 < -1.25", "true"}, {"-1.25 < -1.5", "false"}, {"-1 < 0.5", "true"}, {"0 = -0.0", "true"}, {"0.05 < 0.5", "true"},
		// Types (§6.3)
		{"id is id", "true"}, {"id is string", "true"}, {"id is code", "false"}, {"Patient is DomainResource", "true"}, {"$this is Observation", "false"},
		{"contact is string", ""}, {"name is HumanName", "!"}, {"1 is Integer", "true"}, {"active is System.Boolean", "true"}, {"name[0] is FHIR.HumanName", "true"},
		// Collections (§6.4)
		{"'Anni' in name.given", "true"}, {"'x' in name.given", "false"}, {"{} in name.given", ""}, {"'x' in {}", "false"}, {"name.given in name.given", "!"},
		{"name.given contains 'Anni'", "true"}, {"name.given contains {}", ""}, {"{} contains 'x'", "false"},
		// Math (§6.6)
		{"1 + 2 * 3", "7"}, {"(1 + 2) * 3", "9"}, {"7 div 2", "3"}, {"0 - 7 div 2", "-3"}, {"7 mod 2", "1"}, {"1 / 3", "0.33333333"}, {"3 / 2", "1.5"}, {"1 / 0", ""}, {"1 div 0", ""},
		{"1.1 + 2.2", "3.3"}, {"0.1 + 0.2 = 0.3", "true"}, {"-1 + 3", "2"}, {"-(1 | 2)", "!"}, {"1 + {}", ""}, {"1 + 'a'", "!"},
		{"'ABC' + 'DEF'", "ABCDEF"}, {"'ABC' + {} + 'DEF'", ""}, {"'ABC' & {} & 'DEF'", "ABCDEF"}, {"'a' & 1", "!"},
		// Precedence (§6.8)
		{"1 | 2 = 1 | 2", "true"}, {"true or false and false", "true"}, {"false implies false or true", "true"}, {"1 + 1 = 2 and true", "true"}, {"id is string = true", "true"}, {"1 | 2 is Integer", "1, true"},
		// What is the same for each item is evaluated once: this is not.
		{"name.select(%resource.name.given.exclude(given))", "Anni, Anna"}, {"name.select(%resource.name.where(use = 'usual').given.first())", "Anni, Anni"},
		{"2 in (1 | 2) and true", "true"}, {"1 < 2 = true", "true"}, {"-1.toString()", "!"},
		// Environment (§9)
		{"%ucum", "http://unitsofmeasure.org"}, {"%context.id", "p"}, {"%resource.id", "p"}, {"%`rootResource`.id", "p"},
	})
}

// Boolean logic (N1 §6.5): for and, or, xor and implies, all of true, false and
// empty with each.
func TestLogic(t *testing.T) {
	values := []string{"true", "false", "{}"}
	for op, want := range map[string][3][3]string{
		"and":     {{"true", "false", ""}, {"false", "false", "false"}, {"", "false", ""}},
		"or":      {{"true", "true", "true"}, {"true", "false", ""}, {"true", "", ""}},
		"xor":     {{"false", "true", ""}, {"true", "false", ""}, {"", "", ""}},
		"implies": {{"true", "false", ""}, {"true", "true", "true"}, {"true", "", ""}},
	} {
		for i, a := range values {
			for k, b := range values {
				check(t, anna, []row{{a + " " + op + " " + b, want[i][k]}})
			}
		}
	}
	check(t, anna, []row{{"true.not()", "false"}, {"false.not()", "true"}, {"{}.not()", ""}, {"name.not()", "!"}})
}

func TestTrue(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "false": false, "{}": true, "name": true, "contact": true, "active = false": false} {
		got, err := MustCompile(text).True(Root(mustParse(t, `{"resourceType":"Patient","active":true,"name":[{"text":"x"}]}`)))
		if err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
}
