package main

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/export"
	"carehold/record/fhir"
)

// plan reads everything once: what is there, and what is to be sent of it.
func (x *exportImport) plan() error {
	if !fhir.ValidID(x.Manifest.Patient) {
		return record.Safef(record.Integrity, "manifest.json does not say whose record it is")
	}
	x.theirs, x.ours = fhir.Ref{Type: "Patient", ID: x.Manifest.Patient}, x.ownRef()
	x.entries, x.files, x.waiting = map[fhir.Ref]*coming{}, map[binaryVersion]export.Document{}, map[fhir.Ref][]*companion{}
	err := x.Sections(func(f export.Filed) error {
		ref, err := f.Ref()
		if err != nil {
			return err
		}
		section, err := record.ParseSection(f.Section)
		if err != nil {
			return err
		}
		if x.entries[x.ourRef(ref)] != nil {
			return record.Errorf(record.Integrity, "sections.json: %s is there twice", ref)
		}
		x.entries[x.ourRef(ref)] = &coming{filed: f, section: section}
		return nil
	})
	if err != nil {
		return err
	}
	err = x.Documents(func(d export.Document) error {
		ref, err := fhir.ParseRef(d.Entry)
		if err != nil || !d.Apart {
			return err
		}
		x.files[binaryVersion{ref, record.Version(d.Version)}] = d
		return nil
	})
	if err != nil {
		return err
	}
	if err := x.each("", x.noteVersion); err != nil {
		return err
	}
	if err := x.each("history/", x.noteVersion); err != nil {
		return err
	}
	nowhere := func(fhir.Ref, record.Version) (string, record.Section) { return "", 0 }
	if err := x.tell(export.NewTold(""), nowhere); err != nil { // before anything is sent
		return err
	}
	return x.choose()
}

// each goes through all lines of a folder.
func (x *exportImport) each(folder string, fn func(export.Version) error) error {
	for _, typ := range x.Types(folder) {
		read := x.Newest
		if folder != "" {
			read = x.Older
		}
		if err := read(typ, fn); err != nil {
			return err
		}
	}
	return nil
}

// noteVersion notes one version.
func (x *exportImport) noteVersion(v export.Version) error {
	if v.Ref.Type == "Patient" && v.Ref != x.theirs {
		return record.Errorf(record.Integrity, "%s is not whom manifest.json says that it is about: an export is of one person's record", v.Ref)
	}
	c := x.entries[x.ourRef(v.Ref)]
	if c == nil {
		return record.Errorf(record.Integrity, "%s is not in sections.json", v.Ref)
	}
	if newest := v.Version == c.filed.Version; v.Version > c.filed.Version || newest && v.Deleted != c.filed.Deleted {
		return record.Errorf(record.Integrity, "%s is not of the version that sections.json says", v.Ref)
	}
	if slices.Contains(c.versions, v.Version) {
		return record.Errorf(record.Integrity, "%s is there twice in version %d", v.Ref, v.Version)
	}
	c.versions = append(c.versions, v.Version)
	if v.Deleted {
		c.gone = append(c.gone, v.Version)
	}
	return nil
}

// choose says of each entry what is to be sent.
func (x *exportImport) choose() error {
	begun := false // by an earlier try
	x.fresh = true
	for _, e := range x.there {
		ours := e.Source == x.first.Source
		begun, x.fresh = begun || ours, x.fresh && (ours || e.Deleted && e.Self && e.Source == "")
	}
	for ref, c := range x.entries {
		slices.Sort(c.versions)
		n := len(c.versions)
		if n == 0 || c.versions[n-1] != c.filed.Version {
			return record.Errorf(record.Integrity, "%s is in sections.json, and its newest version is nowhere", ref)
		}
		there, known := x.there[ref]
		ours := there.Source == x.first.Source
		if at := int(there.Version) - 1; begun && there.Deleted && there.Self && there.Source == "" && at < n {
			ours = slices.Contains(c.gone, c.versions[at]) // a deletion is no part of an import, and does not say so
		}
		if known && (there.Deleted && !ours || !there.Deleted && !x.unfinished.wrote(there.Import)) {
			x.unfinished.changed(ref) // by somebody, since a try brought it
		}
		switch {
		case !known:
			c.brought, c.created = true, true
			_, c.apart = x.files[binaryVersion{x.theirRef(ref), record.Version(c.versions[0])}]
		case x.theirs == x.ours && there.Version >= c.filed.Version:
			c.from = n // this is the record that it is of, which has this version and may have newer ones
			x.first.Same++
		case ours && int(there.Version) < n && x.unfinished.brought(ref):
			c.from, c.brought = int(there.Version), true // an earlier try got so far
			x.over++
		case ours && int(there.Version) < n && c.filed.Deleted && !there.Deleted:
			c.from = n - 1
			x.spare(ref, c)
			continue
		case ours && int(there.Version) == n:
			c.from, c.brought = n, true
			x.first.Same++
		case c.filed.Deleted:
			c.from = n
		default:
			c.from = n - 1
			x.over++
		}
		if c.from < n {
			x.waves = max(x.waves, n-c.from)
		}
	}
	return nil
}

// ourRef is an entry of the export by its name in this record: only the Patient has
// another.
func (x *exportImport) ourRef(ref fhir.Ref) fhir.Ref {
	if ref == x.theirs {
		return x.ours
	}
	return ref
}

// theirRef is the other way.
func (x *exportImport) theirRef(ref fhir.Ref) fhir.Ref {
	if ref == x.ours {
		return x.theirs
	}
	return ref
}

// rewritten is a resource of the export with its references to the person leading to
// this record's.
func (x *exportImport) rewritten(r *fhir.Resource) *fhir.Resource {
	if x.theirs == x.ours {
		return r
	}
	return r.Rewrite(func(ref fhir.Reference) (string, bool) {
		t := fhir.ParseReference(ref.Value)
		if t.Form != fhir.Relative || t.Ref != x.theirs {
			return "", false
		}
		return strings.Replace(ref.Value, x.theirs.String(), x.ours.String(), 1), true
	})
}
