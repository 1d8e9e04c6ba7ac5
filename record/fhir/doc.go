// Package fhir reads FHIR R4 JSON strictly and keeps its bytes.
package fhir
