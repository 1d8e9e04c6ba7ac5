package fhirpath

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// textOf is the string that a function is of; ok is false for none (N1 §5.6). What
// may be long is paid for by its length.
func textOf(s *state, in []Value) (text string, ok bool, err error) {
	v, ok, err := single(in)
	if err != nil || !ok {
		return "", false, err
	}
	if v.system() != systemString {
		return "", false, errType
	}
	text = v.Text()
	return text, true, s.spend(len(text) / 64)
}

func (c *call) text(s *state, arg int, f frame) (text string, ok bool, err error) {
	all, err := c.arg(s, arg, f)
	if err != nil {
		return "", false, err
	}
	text, ok, err = textOf(s, all)
	s.give(all)
	return text, ok, err
}

// textTest is a function that compares a string with another.
func textTest(is func(text, with string) bool) func(*state, *call, []Value, frame) (tri, error) {
	return func(s *state, c *call, in []Value, f frame) (tri, error) {
		text, ok, err := textOf(s, in)
		if err != nil || !ok {
			return isEmpty, err
		}
		with, ok, err := c.text(s, 0, f)
		if err != nil || !ok {
			return isEmpty, err
		}
		return triOf(is(text, with)), nil
	}
}

// matches is true when the pattern is found anywhere in the text; to match the
// whole takes ^ and $, which R4's patterns have. A step is paid for each byte.
func matches(s *state, c *call, in []Value, _ frame) (tri, error) {
	text, ok, err := textOf(s, in)
	if err != nil || !ok {
		return isEmpty, err
	}
	if err := s.spend(len(text)); err != nil {
		return isEmpty, err
	}
	return triOf(c.pattern.MatchString(text)), nil
}

func replaceMatches(s *state, c *call, in []Value, f frame, to []Value) ([]Value, error) {
	text, ok, err := textOf(s, in)
	if err != nil || !ok {
		return to, err
	}
	with, ok, err := c.text(s, 1, f)
	if err != nil || !ok {
		return to, err
	}
	// Whatever it matches, what comes out is no longer than this.
	if err := s.spend(len(text) + (len(text)+1)*len(with)/64); err != nil {
		return to, err
	}
	return append(to, made("string", c.pattern.ReplaceAllLiteralString(text, with))), nil
}

// substring counts characters, from 0.
func substring(s *state, c *call, in []Value, f frame, to []Value) ([]Value, error) {
	text, ok, err := textOf(s, in)
	if err != nil || !ok {
		return to, err
	}
	start, ok, err := c.number(s, 0, f)
	if err != nil || !ok {
		return to, err
	}
	if text, ok = skip(text, start); !ok {
		return to, nil
	}
	if len(c.args) == 2 {
		n, ok, err := c.number(s, 1, f)
		if err != nil {
			return to, err
		}
		if rest, is := skip(text, n); ok && is {
			text = text[:len(text)-len(rest)]
		}
	}
	return append(to, made("string", text)), nil
}

// skip takes n characters off a text; ok is false when it has no more than that.
func skip(text string, n int) (rest string, ok bool) {
	for ; n > 0 && text != ""; n-- {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	return text, n == 0 && text != ""
}

func (c *call) number(s *state, arg int, f frame) (n int, ok bool, err error) {
	v, ok, err := c.one(s, arg, f)
	if err != nil || !ok {
		return 0, false, err
	}
	if v.system() != systemInteger {
		return 0, false, errType
	}
	n, err = strconv.Atoi(v.Text())
	return n, err == nil, nil
}

func length(s *state, _ *call, in []Value, _ frame, to []Value) ([]Value, error) {
	text, ok, err := textOf(s, in)
	if err != nil || !ok {
		return to, err
	}
	return append(to, integer(utf8.RuneCountInString(text))), nil
}

// toInteger is a whole number, or nothing (N1 §5.5.3).
func toInteger(_ *state, _ *call, in []Value, _ frame, to []Value) ([]Value, error) {
	v, ok, err := single(in)
	if err != nil || !ok {
		return to, err
	}
	text := v.Text()
	switch v.system() {
	case systemBoolean:
		text = map[string]string{"true": "1", "false": "0"}[text]
	case systemInteger, systemString:
	default:
		return to, nil
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(text, "+"), 10, 64)
	if err != nil || strings.HasPrefix(text, "+-") {
		return to, nil
	}
	return append(to, made("integer", strconv.FormatInt(n, 10))), nil
}

// toString is the text of a primitive. A decimal stays as it was written.
func toString(_ *state, _ *call, in []Value, _ frame, to []Value) ([]Value, error) {
	v, ok, err := single(in)
	if err != nil || !ok || v.system() == none {
		return to, err
	}
	return append(to, made("string", v.Text())), nil
}
