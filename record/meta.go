package record

// Meta is what has to be known of an entry to decide whether a grant reaches it.
type Meta struct {
	Type    string  // the FHIR resource type
	Section Section // where it is filed
	Own     bool    // the newest version was written under the grant that asks
}
