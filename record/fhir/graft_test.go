package fhir

import "testing"

// What is put in is where FHIR has it, and nothing else of the text is another.
func TestWithMore(t *testing.T) {
	const ext, tag = `{"url":"urn:x","valueString":"e"}`, `{"code":"t"}`
	tests := []struct{ name, in, want string }{
		{"nothing there", `{"resourceType":"Goal","id":"a","status":"x"}`,
			`{"resourceType":"Goal","id":"a","extension":[` + ext + `],"meta":{"tag":[` + tag + `]},"status":"x"}`},
		{"all there", `{"resourceType":"Goal","meta":{"tag":[{"code":"o"}]},"extension":[{"url":"urn:o"} ]}`,
			`{"resourceType":"Goal","meta":{"tag":[{"code":"o"},` + tag + `]},"extension":[{"url":"urn:o"},` + ext + ` ]}`},
		{"a meta without tags", `{"resourceType":"Goal","meta":{"versionId":"3"}}`,
			`{"resourceType":"Goal","extension":[` + ext + `],"meta":{"versionId":"3","tag":[` + tag + `]}}`},
		{"as people write", "{\n  \"resourceType\": \"Goal\",\n  \"id\": \"a\"\n}",
			"{\n  \"resourceType\": \"Goal\",\n  \"id\": \"a\",\n  \"extension\": [" + ext + "],\n  \"meta\": {\"tag\": [" + tag + "]}\n}"},
	}
	for _, x := range tests {
		r, err := Parse([]byte(x.in), Limits{})
		if err != nil {
			t.Fatal(x.name, err)
		}
		got := r.WithMore([]byte(ext), []byte(tag))
		if string(got) != x.want {
			t.Errorf("%s:\n%s\nwant\n%s", x.name, got, x.want)
		}
		r, err = Parse(got, Limits{})
		if err != nil {
			t.Fatal(x.name, err)
		}
		// And out again: the text is what it was.
		last := func(n Node) (last Node) {
			for x := range n.All() {
				last = x
			}
			return last
		}
		if r, err = Parse(last(r.Root().Get("extension")).Drop(), Limits{}); err != nil {
			t.Fatal(x.name, err)
		}
		if back := last(r.Root().Get("meta").Get("tag")).Drop(); string(back) != x.in {
			t.Errorf("%s, and out again:\n%s", x.name, back)
		}
	}
}

func TestDrop(t *testing.T) {
	tests := []struct{ in, member, want string }{
		{`{"resourceType":"Goal","extension":[{"url":"a"},{"url":"b"}]}`, "extension", `{"resourceType":"Goal","extension":[{"url":"b"}]}`},
		{`{"extension":[{"url":"a"}],"resourceType":"Goal"}`, "extension", `{"resourceType":"Goal"}`},
		{`{ "extension" : [ {"url":"a"} ] , "resourceType" : "Goal" }`, "extension", `{ "resourceType" : "Goal" }`},
	}
	for _, x := range tests {
		r, err := Parse([]byte(x.in), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for n := range r.Root().Get(x.member).All() {
			if got := n.Drop(); string(got) != x.want {
				t.Errorf("%s\nis %s\nnot %s", x.in, got, x.want)
			}
			break
		}
	}
}

// Whatever is dropped or put in, what comes of it is a resource still.
func FuzzGraft(f *testing.F) {
	f.Add(`{"resourceType":"Goal","meta":{"tag":[{"code":"o"}]},"extension":[{"url":"urn:o"} ]}`)
	f.Add("{\n\t\"extension\": [ {\"url\": \"urn:o\"} , {\"url\": \"urn:p\"}],\n\t\"resourceType\": \"Goal\"}")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse([]byte(text), Limits{})
		if err != nil {
			return
		}
		more, err := Parse(r.WithMore([]byte(`{"url":"urn:x","valueString":"e"}`), []byte(`{"code":"t"}`)), Limits{})
		if err != nil {
			t.Skip() // an extension, or a tag, that is no list
		}
		for n := range more.Root().Get("extension").All() {
			if _, err := Parse(n.Drop(), Limits{}); err != nil {
				t.Fatalf("%v\n%s", err, n.Drop())
			}
		}
	})
}
