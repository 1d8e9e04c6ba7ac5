// Package validate validates a resource against the definitions of FHIR R4.
package validate
