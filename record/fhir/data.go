package fhir

import "slices"

// The content of a Binary is its member data, in base64. What is large is kept
// beside the JSON and not in it; here the two are taken apart and found again, byte
// for byte. FHIR R4 §Binary.

// Halves are a Binary whose content is apart from it. Its bytes with the content are
//
//	JSON[:At] Lead base64 Trail JSON[At:]
type Halves struct {
	JSON        []byte // the resource without data
	At          int
	Lead, Trail []byte // what stands before and behind the base64: "data":" and ",
}

// Split takes the content out of a Binary. base64 is nil for a resource without data,
// and for one whose data is written with escapes.
func (r *Resource) Split() (h Halves, base64 []byte) {
	n := r.data("data")
	if n < 0 || r.nodes[n].kind != '"' || r.nodes[n].escaped&valueEscaped != 0 {
		return h, nil
	}
	d := &r.nodes[n]
	return r.halves(n, r.raw[d.nameStart:d.nameEnd]), r.raw[d.start+1 : d.end-1]
}

// halves cuts member n out, and keeps what stood around it under the name.
func (r *Resource) halves(n int32, name []byte) Halves {
	d := &r.nodes[n]
	cut := r.cut(0, n, -1)
	at, to := cut[0].at, cut[0].to // there is resourceType beside it
	return Halves{JSON: apply(r.raw, cut), At: at,
		Lead:  slices.Concat(r.raw[at:d.nameStart], name, r.raw[d.nameEnd:d.start], []byte{'"'}),
		Trail: slices.Concat([]byte{'"'}, r.raw[d.end:to])}
}

// With is Resource.With for the halves of a Binary.
func (h Halves) With(m Meta) (Halves, error) {
	r, err := Parse(h.JSON, Limits{})
	if err != nil {
		return h, err
	}
	set := r.setMeta(m)
	at := h.At
	for _, s := range set {
		if s.at <= h.At {
			at += len(s.text) - (s.to - s.at)
		}
	}
	h.JSON, h.At = apply(h.JSON, set), at
	return h, nil
}

// Claim reads what a Binary says of a content that was sent before, as an extension
// of the data that is not there:
//
//	"_data": {"extension": [{"url": UploadURL, "valueUri": …}]}
//
// ok is false when it says nothing of the kind. With data besides, it is no claim.
func (r *Resource) Claim() (upload string, h Halves, ok bool) {
	n := r.data("_data")
	if n < 0 || r.data("data") >= 0 {
		return "", h, false
	}
	for x := range (Node{r, n}).Get("extension").All() {
		if x.Get("url").Text() == UploadURL {
			return x.Get("valueUri").Text(), r.halves(n, []byte(`"data"`)), true
		}
	}
	return "", h, false
}

// UploadURL names the extension by which a Binary takes a content that was sent
// before it. Its value is the URL of the upload.
const UploadURL = "urn:carehold:upload"

// data is a member of a Binary; -1 if there is none.
func (r *Resource) data(name string) int32 {
	if r.typ != "Binary" {
		return -1
	}
	return r.member(0, name)
}
