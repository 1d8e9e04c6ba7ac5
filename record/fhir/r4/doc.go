// Package r4 is what FHIR R4 (4.0.1) defines, as tables: the types and their
// elements, the codes of required bindings, the search parameters and the patient
// compartment.
//
// # Where it comes from
//
// definitions.txt is written by internal/gen from HL7's own definitions
// (hl7.fhir.core 4.0.1, CC0) and embedded. It is text, a line a fact, with tabs
// between the fields, so that a change of it can be read:
//
//	T name kind base                              a type; what follows is about it
//	R regex                                       of a primitive type
//	E name min max flags value-set types          an element; flags: x choice, s summary, m modifier
//	C key severity human expression               a constraint of the type, or of the element before
//	P code type bases url targets comparators expression
//	K url expression                              a component of the composite parameter before
//	V url                                         a value set
//	S system code code …                          what is in it, of one system
//	M type parameter …                            the patient compartment
//
// # The words
//
//   - A Type is a primitive, a complex type, a resource, or a backbone: the
//     elements inside another type, which is named by its path
//     (Observation.component). A reference to the content of another element
//     (Questionnaire.item.item) is that element's backbone.
//   - An Element has what it inherits from its type's base already in it. A choice
//     is one element: value, with several types, and in JSON valueQuantity.
//   - A Param is a search parameter. Its expression is FHIRPath, evaluated by
//     package fhirpath.
//
// Where HL7's definitions contradict its text, the text is followed: the id of a
// resource is of type id (§2.24.0.1), not string.
//
// # What it must never do
//
// Be reached by the person's core in the browser; depend on anything but what is
// embedded. It is read on first use, once, and does not change.
package r4

//go:generate go run ./internal/gen ../../../../shared/data/r4-definitions definitions.txt
