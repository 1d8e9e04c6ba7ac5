// Package validate says what is wrong with a resource: whether it keeps to the
// definitions of FHIR R4 (4.0.1).
//
// # The words
//
//   - An Issue is one thing that is wrong (error) or doubtful (warning), with its
//     FHIRPath and an issue-type code, ready for an OperationOutcome. The text
//     begins with the path, says what is wrong, and what would be right.
//   - A shape is a type of package r4 as the walk needs it: JSON members in the
//     order they are written in.
//   - A rule is a constraint of the definitions, as FHIRPath.
//
// # What is validated
//
//	structure      no element, resource type or choice that R4 does not have, at any depth:    shape.go walk.go
//	               contained, Bundle.entry.resource, Parameters; an array exactly where
//	               there may be several; the JSON type; one value of a choice
//	cardinality    what is required is there, by value or by extension (ele-1)                 walk.go missing.go
//	primitives     the patterns of §2.24.0.1 and what its text adds: days that there are,      primitive.go date.go
//	               32 bits, 1 MB, no control characters; base64 as RFC 4648 has it
//	_name          beside a primitive only, as many as values, no empty ones; none of xhtml,   sibling.go
//	               of the id of an element and the url of an extension
//	codes          required bindings that R4 lists: a code, or one coding of a concept         binding.go
//	references     the type, as far as text, Reference.type, the contained resource or the     reference.go
//	               Bundle's entry tell; and that they agree; ref-1; ext-1
//	contained      dom-2 to dom-5, and an id of its own for each                               scope.go
//	narratives     well-formed XHTML with text and formatting only, nothing that runs (txt-1)  package narrative
//	rules          every other constraint of the definitions, by package fhirpath, of          rule.go
//	               elements whose structure is right
//	identifiers    of the United Kingdom, where the format is certain: a warning               uk.go
//
// # What is not
//
// dom-6 ("should have narrative"): hardly any program's data has one, and a
// warning that is always there hides the others. Profiles in meta.profile, and
// unknown extensions: both are kept. Bindings that are not required. Value sets
// that R4 does not list: MIME types, currencies, units. Whether what a reference
// or a canonical leads to is there. An extension's place (its context).
//
// A narrative that is blank (txt-2) is a warning though the definitions have an
// error: three of HL7's own examples are, and nothing is hidden by it.
//
// A concept with a required binding that has no code, only extensions (why it is
// not known), is taken, as a primitive would be. A Coding without its system is
// in no value set.
//
// # What it promises
//
// Every issue is found in one walk, in the order of the text, at most 100 of
// them; with more the last says so, and errors go before warnings. An element's
// structure comes before its rules: what is misread breaks them all. A walk takes
// time in proportion to the size, and of memory a few hundred bytes. Rules have
// two seconds together, and each a bound of its own; one that is not checked is a
// warning, too-costly: what cannot be told to be wrong is not refused.
//
// HL7's examples, Synthea's people and the project's own sample are valid, but for
// two examples that the standard itself refuses (data_test.go names them).
//
// # What it must never do
//
// Change a resource; look anything up; recurse deeper than 128 elements; log. The
// texts quote what was sent: they go back to whoever sent it, and nowhere else.
package validate
