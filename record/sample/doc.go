// Package sample is Carehold's own synthetic record: one invented life, told by
// six sources. carehold demo shows it, tests measure with it, the documentation
// quotes it. Nobody in it is real; the Go source is the data.
//
// # Who she is
//
// Marion Elizabeth Wetherlow, born on 14 March 1955 in Hallowby, a small town in
// the invented county of Westmere. She ran the town library's children's corner
// for 28 years, sings alto, keeps half an allotment and a terrier called Bramble.
// Her daughter Judith lives ten minutes away, her son Peter in Halifax, Nova
// Scotia. Today, in the sample, is 20 November 2026.
//
// # What happened
//
//	1955–70  childhood vaccinations; a rash and a swollen face after penicillin, aged seven
//	1972     a son, adopted; she asks that nobody mention it (private)
//	1979, 83 Judith and Peter
//	1997–99  her first marriage ends; depression, fluoxetine, counselling (mental-health)
//	2001     high blood pressure
//	2003     a check at a sexual health clinic before a new relationship (sexual-health)
//	2005     marries Alan; stops smoking
//	2006     type 2 diabetes: metformin, empagliflozin from 2016, insulin from 2023
//	2022     Alan dies; depression comes back: sertraline, talking therapy, a
//	         psychiatrist's letter; for some months too much wine (substance-use)
//	2023     Judith becomes her attorney; she writes down her advance wishes
//	2024     17 January: a fall on the icy back step, a broken hip, an operation,
//	         two weeks in hospital, six weeks of reablement, then seven hours of
//	         home care a week; in the autumn a "gardener" talks £2,340 out of her
//	         and the council helps her stop it (safeguarding, closed)
//	2025     one personal budget from two funders, council and NHS, that she spends
//	         on people she chose; the care coordinator changes in June
//	2026     back in the choir; she rates her own goals, and most of them went up
//
// # The sources
//
//	gp-practice            Mill Lane Surgery: most of the record, and its summary
//	hospital               Westmere Royal Infirmary: births, eyes, the broken hip
//	mental-health-trust    Westmere Talking Therapies and the older people's team
//	sexual-health-clinic   The Arches: two visits in 2003
//	council                assessments, care, equipment, plan, goals, budget
//	person                 what Marion wrote and measured herself
//
// Each is one FHIR R4 Bundle, complete in itself as it would arrive: its own
// Patient with the same NHS number, its own practitioners and organisations,
// references by urn:uuid. Every section of the format is used. Sensitive entries
// carry labels in meta.security (PSY, SEX, ETH, SDV, R), some only a code, as
// real systems do. The practice keeps the sertraline on a list of its own, so
// that the list of the other medicines can be shown without the mental-health
// section. The Patient of the clinic and of the mental health trust says nothing
// about where it came from: everybody with a grant reads the identity.
//
// # What it promises
//
// The same bytes on every build: no clock, no randomness; urn:uuids are derived
// (RFC 9562 version 5) from source, type and a key in the code. The NHS number is
// from the test range, telephone numbers from those Ofcom keeps for drama,
// postcodes begin with letters no British postcode has, organisation codes with
// ZZ9. A code stands only where it is certain; otherwise there is text.
//
// # What it must never do
//
// Hold anything of a real person, or be taken for advice: the course of illness is
// believable, not exemplary.
package sample
