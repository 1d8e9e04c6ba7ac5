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
	how    func(t *Token, s *tokenSought) bool
	tokens []tokenSought
}

type tokenSought struct {
	system, code []byte
	bar          bool   // there was a bar
	value        []byte // of :of-type
}

func (q *Query) tokenTest(modifier string, alternatives []string) (test, error) {
	t := tokensTest{how: codes, not: modifier == "not"}
	read := parseToken
	switch modifier {
	case "", "not":
	case "text":
		t.how, read = beginsText, parseTokenText
	case "of-type":
		t.how, read = ofType, parseOfType
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
	return tokenSought{system: texts[0], code: texts[1], bar: true}, nil
}

// parseTokenText reads the text of :text, which is searched for as a string is.
func parseTokenText(value string) (s tokenSought, err error) {
	text, err := unescape(value)
	if err == nil {
		text, err = folded(text)
	}
	return tokenSought{value: []byte(text)}, err
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
	return tokenSought{system: texts[0], code: texts[1], value: texts[2]}, nil
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
	for n := range v.Tokens {
		for i := range t.tokens {
			if t.how(&n, &t.tokens[i]) {
				return !t.not
			}
		}
	}
	return t.not
}

func codes(t *Token, s *tokenSought) bool {
	if s.bar {
		if len(s.system) == 0 {
			if len(t.System) > 0 && !t.Implied {
				return false
			}
		} else if !bytes.Equal(t.System, s.system) {
			return false
		} else if len(s.code) == 0 {
			return true
		}
	}
	return sameCode(t, s.code)
}

func sameCode(t *Token, code []byte) bool {
	if len(t.Code) == 0 {
		return false // a text alone
	}
	if len(t.System) > 0 && !t.Caseless {
		return bytes.Equal(t.Code, code)
	}
	return bytes.EqualFold(t.Code, code)
}

func ofType(t *Token, s *tokenSought) bool {
	return bytes.Equal(t.TypeSystem, s.system) && bytes.Equal(t.TypeCode, s.code) && sameCode(t, s.value)
}

func beginsText(t *Token, s *tokenSought) bool { return bytes.HasPrefix(t.Text, s.value) }
