package fhirpath

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"carehold/record"
)

// A token is a word of an expression.
type token struct {
	kind byte   // one of the below, or the symbol itself: ( ) . | …
	text string // of a string or an identifier with its escapes resolved
	at   int
}

const (
	end      = 'E'
	word     = 'w' // an identifier or a keyword
	quoted   = '`' // a delimited identifier: never a keyword
	text     = '\''
	number   = '0'
	variable = '$' // $this, $index
	lessEq   = 'l' // <=
	greatEq  = 'g' // >=
	notEq    = 'n' // !=
)

type lexer struct {
	in string
	at int
}

func (l *lexer) errorf(at int, format string, args ...any) error {
	err := record.Safef(record.Invalid, format, args...)
	return record.Safef(record.Invalid, "FHIRPath, at %d of %q: %s", at, l.in, err.Safe)
}

// next reads a token (FHIRPath N1, "Lexical Elements").
func (l *lexer) next() (token, error) {
	if err := l.space(); err != nil {
		return token{}, err
	}
	at := l.at
	if at == len(l.in) {
		return token{end, "", at}, nil
	}
	c := l.in[at]
	switch {
	case letter(c):
		for l.at < len(l.in) && (letter(l.in[l.at]) || digit(l.in[l.at])) {
			l.at++
		}
		return token{word, l.in[at:l.at], at}, nil
	case digit(c):
		l.digits()
		// 1.5 is a number, 1.first() is not.
		if l.at+1 < len(l.in) && l.in[l.at] == '.' && digit(l.in[l.at+1]) {
			l.at++
			l.digits()
		}
		return token{number, l.in[at:l.at], at}, nil
	case c == '\'' || c == '`':
		s, err := l.quoted(c)
		return token{c, s, at}, err
	case c == '$':
		for l.at++; l.at < len(l.in) && letter(l.in[l.at]); l.at++ {
		}
		return token{variable, l.in[at:l.at], at}, nil
	}
	if two := l.in[at:min(at+2, len(l.in))]; two == "<=" || two == ">=" || two == "!=" {
		l.at += 2
		return token{map[string]byte{"<=": lessEq, ">=": greatEq, "!=": notEq}[two], two, at}, nil
	}
	if strings.IndexByte("()[]{}.,|=<>+-*/&%", c) < 0 {
		return token{}, l.errorf(at, "%q is not supported", c)
	}
	l.at++
	return token{c, l.in[at:l.at], at}, nil
}

func (l *lexer) digits() {
	for l.at < len(l.in) && digit(l.in[l.at]) {
		l.at++
	}
}

// space passes over white space and comments.
func (l *lexer) space() error {
	for l.at < len(l.in) {
		rest := l.in[l.at:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			l.at++
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexAny(rest, "\r\n")
			if n < 0 {
				n = len(rest)
			}
			l.at += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return l.errorf(l.at, "the comment has no end")
			}
			l.at += n + 4
		default:
			return nil
		}
	}
	return nil
}

// quoted reads a string or a delimited identifier. Of a backslash before a
// character that has no meaning after one, only the character stays, as in the
// eld-19 of R4, which escapes a double quote.
func (l *lexer) quoted(quote byte) (string, error) {
	start := l.at
	var b strings.Builder
	for l.at++; l.at < len(l.in); l.at++ {
		c := l.in[l.at]
		if c == quote {
			l.at++
			return b.String(), nil
		}
		if c != '\\' {
			b.WriteByte(c)
			continue
		}
		if l.at++; l.at == len(l.in) {
			break
		}
		switch c := l.in[l.at]; c {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			r, err := strconv.ParseUint(l.in[l.at+1:min(l.at+5, len(l.in))], 16, 16)
			if err != nil || len(l.in) < l.at+5 || !utf8.ValidRune(rune(r)) {
				return "", l.errorf(l.at, "\\u needs four hexadecimal digits of a character")
			}
			b.WriteRune(rune(r))
			l.at += 4
		default:
			b.WriteByte(c)
		}
	}
	return "", l.errorf(start, "the string has no end")
}

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
