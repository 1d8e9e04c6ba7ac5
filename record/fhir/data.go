package fhir

import "bytes"

// The content of a Binary is its member data, in base64. What is large is kept
// beside the JSON and not in it; here the two are taken apart and found again, byte
// for byte. FHIR R4 §Binary.

// Split takes the content out of a Binary: rest is the resource with data empty, and
// base64 what stood there. It is r itself, and nil, for a resource without data.
func (r *Resource) Split() (rest *Resource, base64 []byte, err error) {
	n := r.data()
	if n < 0 {
		return r, nil, nil
	}
	d := &r.nodes[n]
	base64 = r.raw[d.start+1 : d.end-1]
	rest, err = Parse(apply(r.raw, []splice{{int(d.start) + 1, int(d.end) - 1, nil}}), Limits{})
	return rest, base64, err
}

// DataAt is where in the resource's bytes the content goes, between the quotes of
// data; -1 for a resource without data.
func (r *Resource) DataAt() int {
	n := r.data()
	if n < 0 {
		return -1
	}
	return int(r.nodes[n].start) + 1
}

// WithoutData is a Binary's bytes without its data.
func (r *Resource) WithoutData() []byte {
	n := r.data()
	if n < 0 {
		return r.raw
	}
	return apply(r.raw, r.cut(0, n, -1))
}

// Claim reads what a Binary says of a content that was sent before, as an extension
// of the data that is not there:
//
//	"_data": {"extension": [{"url": UploadURL, "valueUri": …}]}
//
// rest is the resource with empty data in its place. upload is "" when it says
// nothing of the kind.
func (r *Resource) Claim() (upload string, rest *Resource, err error) {
	const extends = "_data"
	if r.typ != "Binary" || r.data() >= 0 {
		return "", r, nil
	}
	list := r.Root().Get(extends).Get("extension")
	for x := range list.All() {
		if x.Get("url").Text() != UploadURL {
			continue
		}
		if upload = x.Get("valueUri").Text(); upload == "" {
			return "", r, nil
		}
		n := r.member(0, extends)
		d := &r.nodes[n]
		rest, err = Parse(apply(r.raw, []splice{
			{int(d.nameStart), int(d.nameEnd), []byte(`"data"`)},
			{int(d.start), int(d.end), []byte(`""`)},
		}), Limits{})
		return upload, rest, err
	}
	return "", r, nil
}

// UploadURL names the extension by which a Binary takes a content that was sent
// before it. Its value is the URL of the upload.
const UploadURL = "urn:carehold:upload"

// data is the node of a Binary's data; -1 if there is none, or it is no string.
func (r *Resource) data() int32 {
	if r.typ != "Binary" {
		return -1
	}
	n := r.member(0, "data")
	if n < 0 || r.nodes[n].kind != '"' || bytes.IndexByte(r.raw[r.nodes[n].start:r.nodes[n].end], '\\') >= 0 {
		return -1
	}
	return n
}
