package search

import (
	"bytes"

	"carehold/record"
)

// tokensTest compares codes and identifiers (FHIR R4 §3.1.1.4.10):
//
//	code         whatever its system is, or when it has none
//	system|code  both
//	|code        that code, without a system
//	system|      any code of the system
//
// Case counts where there is a system, also one that the element implies
// (gender); without one it does not: "when in doubt, servers SHOULD treat tokens
// in a case-insensitive manner".
type tokensTest struct {
	not    bool
	tokens []tokenSought
}

// tokenSought is one alternative; what is compared depends on how it is written.
type tokenSought struct {
	how          tokenForm
	system, code []byte
	value        []byte // of :of-type and :text
}

type tokenForm uint8

const (
	anySystem tokenForm = iota
	noSystem
	bothParts
	systemAlone
	asText
	asType
)

func (q *Query) tokenTest(modifier string, alternatives []string) (test, error) {
	t := tokensTest{not: modifier == "not"}
	read := parseToken
	switch modifier {
	case "", "not":
	case "text":
		read = parseTokenText
	case "of-type":
		read = parseOfType
	default:
		return nil, unsupported("token", modifier)
	}
	for _, a := range alternatives {
		s, err := read(a)
		if err != nil {
			return nil, err
		}
		t.tokens = append(t.tokens, s)
	}
	return t, nil
}

func parseToken(value string) (s tokenSought, err error) {
	parts := split(value, '|')
	texts, err := unescaped(parts)
	switch {
	case err != nil:
		return s, err
	case len(parts) == 1:
		return tokenSought{code: texts[0]}, nil
	case len(parts) > 2 || len(parts[0]) == 0 && len(parts[1]) == 0:
		return s, record.Errorf(record.Invalid, `%q is neither code, system|code, |code nor system|: a bar that is part of one is written \|`, brief(value))
	}
	how := bothParts
	switch {
	case len(texts[0]) == 0:
		how = noSystem
	case len(texts[1]) == 0:
		how = systemAlone
	}
	return tokenSought{how: how, system: texts[0], code: texts[1]}, nil
}

// parseTokenText reads the text of :text, which is searched for as a string is.
func parseTokenText(value string) (s tokenSought, err error) {
	text, err := unescape(value)
	if err == nil {
		text, err = folded(text)
	}
	return tokenSought{how: asText, value: []byte(text)}, err
}

// parseOfType reads system|code|value: "all 3 parts must be present".
func parseOfType(value string) (s tokenSought, err error) {
	texts, err := unescaped(split(value, '|'))
	if err != nil {
		return s, err
	}
	if len(texts) != 3 || len(texts[0]) == 0 || len(texts[1]) == 0 || len(texts[2]) == 0 {
		return s, record.Errorf(record.Invalid, "%q is not system|code|value of an identifier's type and value", brief(value))
	}
	return tokenSought{how: asType, system: texts[0], code: texts[1], value: texts[2]}, nil
}

func unescaped(parts []string) ([][]byte, error) {
	texts := make([][]byte, len(parts))
	for i, part := range parts {
		text, err := unescape(part)
		if err != nil {
			return nil, err
		}
		texts[i] = []byte(text)
	}
	return texts, nil
}

func (tokensTest) cost() int { return costToken }

// holds: :not asks that none fits, also of an entry that has no value at all.
func (t tokensTest) holds(_ *Entry, v Values) bool {
	for r := v.reader(); r.more(); {
		n := r.token()
		for i := range t.tokens {
			if t.tokens[i].is(&n) {
				return !t.not
			}
		}
	}
	return t.not
}

func (s *tokenSought) is(t *Token) bool {
	switch s.how {
	case anySystem:
		return sameCode(t, s.code)
	case noSystem:
		return (len(t.System) == 0 || t.Implied) && sameCode(t, s.code)
	case bothParts:
		return bytes.Equal(t.System, s.system) && sameCode(t, s.code)
	case systemAlone:
		return bytes.Equal(t.System, s.system)
	case asText:
		return bytes.HasPrefix(t.Text, s.value)
	}
	return bytes.Equal(t.TypeSystem, s.system) && bytes.Equal(t.TypeCode, s.code) && sameCode(t, s.value)
}

// sameCode compares codes; a text alone has none.
func sameCode(t *Token, code []byte) bool {
	if len(t.System) > 0 && !t.Caseless {
		return bytes.Equal(t.Code, code)
	}
	return len(t.Code) > 0 && bytes.EqualFold(t.Code, code)
}
