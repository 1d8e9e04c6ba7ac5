// Package speak says parts of FHIR R4 in English words: a concept, a quantity, a date as
// precise as it was written, what was observed and whether it is outside the laboratory's
// range. It is what summaries (package ips) and screens (httpapi/web/show) have in common,
// so that they never say one thing in two ways.
//
// Everything it gives is text on one line, bounded, without characters that turn the words
// around it. Decimals stay as they were written. Nothing is left out without a word, and
// nothing is called good or bad.
package speak
