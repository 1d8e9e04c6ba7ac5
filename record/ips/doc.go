// Package ips makes a patient summary of what a reader may see of a record: one
// document as the International Patient Summary 2.0 has it (HL7 IPS 2.0, ISO
// 27269), and of such a document one page to print.
//
// # The words
//
//   - A Share is what the reader was given: the whole record, or the sections and
//     types of a grant.
//   - A section is one of the sixteen of IPS; record.Section is where an entry is
//     kept. homes says which of the record's sections a section draws from.
//   - An entry is listed in exactly one section, or left out and counted there.
//   - A companion is an entry that a listed one points to: who, where, which
//     medicine, which specimen.
//
// # Absence
//
// What is not there is a clinical statement, and never one for another:
//
//	recorded none      an entry says there are none; it is listed, with who and when
//	nothing recorded   emptyReason unavailable: that does not mean there is none
//	not shared         emptyReason withheld: nothing is said of what is recorded
//	partly shared      said beside any of these, by the names of what was not shared;
//	                   before them where nothing is listed; never whether anything is kept
//	                   there
//	cannot apply       pregnancy, of a Patient whose gender is male: neither withheld nor
//	                   named as empty. What is recorded is listed all the same
//
// Allergies, medicines and problems are always there. Another section is there when
// something is listed or left out, or when what it draws from was not shared; the
// document's own text names those of which nothing is recorded.
//
// # What is listed (place.go has the whole table)
//
//	allergies      every one but entered in error; also inactive, resolved, ruled out,
//	               with the status in words
//	problems       active, recurrence, relapse, or no status; not refuted
//	past problems  inactive, remission, resolved
//	medicines      current ones; those that ended in the last twelve months apart
//	vaccinations   the newest five doses against each disease, in one row
//	results        observations and reports: the newest three of each test; of a report
//	               that concludes nothing the newest. Not those of more than five years
//	               ago, but what was found or out of range, imaging, blood groups, and
//	               what a report concluded
//	vital signs, procedures, pregnancy: the newest three of each
//	smoking, alcohol: the newest one, of which IPS allows no more
//	plans, alerts, advance decisions: those in force
//	devices        what is in the body and what is measured with; equipment that is filed
//	               under support is told in one line, while it is in use
//	the person's own words: of a questionnaire the newest answers
//
// What says the same of the same time as another is there once. Of somebody who died
// "now" is when they died, and what was current is headed so. An entry of a card that
// was not verified says so beside its name (verified.go).
//
// What several sources say of the same allergy, condition or medicine stands together,
// each with whose it is; nothing is merged, for nobody has said that it is the same.
//
// What IPS has no entry for is told in the text alone, which then has the status
// additional: goals, devices that no statement names, what must not be given
// (doNotPerform is false in IPS), Lists that are empty and say why.
//
// A summary is read in a minute, and IPS leaves to the maker what is relevant; what
// is left out is counted in the section's text, by its reason. entered-in-error is
// left out everywhere, as the value sets of IPS have it.
//
// # References
//
// The Composition points to what is in the document, by its fullUrl ("any other
// resources referenced from Composition must be included", FHIR R4 Composition). An
// entry's references stay as they are: they are resolved against its fullUrl (R4
// §2.36.4.1), so those to companions lead into the document and the others to the
// server, where the reader may or may not see them. Nothing is taken out of an entry
// or rewritten, so that it stays what was recorded; R4 and IPS ask for no more.
//
// # What it promises
//
// The same Input gives the same bytes, in whatever order the entries come. Time and
// memory grow with the entries. Every text of a record is text: in a narrative it is
// escaped, isolated from the words around it, without what turns the direction of those
// and cut to a few hundred characters; it stands in full in its entry. An entry is in the document as it was served, but for
// elements that IPS requires and that are not there, which say data-absent-reason
// unknown (complete.go). An element in a form that IPS does not take stays: slices are
// open, and the document is valid all the same. Numbers, units and ranges are shown as they were written, dates
// as precise as they are. Above or below range is said where the laboratory says it, or
// gives one range for everyone in the same unit; good or bad never is. No narrative of a source gets into the Composition or the
// page: Page writes again what it shows, element by element.
//
// # What it must never do
//
// Read anything but its Input; look at a clock; log; include what is not in the
// Input; say of what was not shared whether there is any.
package ips
