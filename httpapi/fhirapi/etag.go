package fhirapi

import (
	"strconv"
	"strings"

	"carehold/record"
)

// parseVersion reads a version number as it is written in one way.
func parseVersion(s string) (record.Version, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != s {
		return 0, false
	}
	return record.Version(n), true
}

// parseETag reads W/"3", or "3" from a client that drops the weakness.
func parseETag(s string) (v record.Version, ok bool) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "W/")
	if len(s) < 3 || s[0] != '"' || s[len(s)-1] != '"' {
		return 0, false
	}
	return parseVersion(s[1 : len(s)-1])
}

// ifMatch reads If-Match, which names one version, or any with a star: "" when
// there is none. What is written like an ETag and is not one of ours cannot
// match.
func ifMatch(headers []string) (string, error) {
	if len(headers) == 0 {
		return "", nil
	}
	text := strings.TrimSpace(headers[0])
	if v, ok := parseETag(text); ok && len(headers) == 1 {
		return etag(v), nil
	}
	if text == "*" && len(headers) == 1 {
		return "*", nil
	}
	opaque := strings.TrimPrefix(text, "W/")
	if len(headers) == 1 && len(opaque) >= 2 && opaque[0] == '"' && strings.IndexByte(opaque[1:], '"') == len(opaque)-2 {
		return "", record.Safef(record.Precondition, "this is not the version there is now")
	}
	return "", record.Safef(record.Invalid, `If-Match takes one ETag, as in W/"3"`)
}

// noneMatch reports whether If-None-Match names the version: the client has it
// already. RFC 9110 §13.1.2, weak comparison.
func noneMatch(headers []string, v record.Version) bool {
	for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if part = strings.TrimSpace(part); part == "*" {
			return true
		}
		if have, ok := parseETag(part); ok && have == v {
			return true
		}
	}
	return false
}

// ifNoneMatchAny reads If-None-Match where something is to be written: only a
// star has a meaning there. FHIR R4 §3.1.0.4.2 has no other use for it.
func ifNoneMatchAny(headers []string) (string, error) {
	switch {
	case len(headers) == 0:
		return "", nil
	case len(headers) == 1 && strings.TrimSpace(headers[0]) == "*":
		return "*", nil
	}
	return "", record.Safef(record.Invalid, "an update takes If-None-Match only with *")
}
