// Package fhirpath evaluates the FHIRPath that R4's own definitions are written
// in: the expressions of its search parameters, and its constraints.
package fhirpath
