package storetest

import "testing"

// The checker has to see faults for its silence to mean something.
func TestSame(t *testing.T) {
	moved := map[string]string{"urn:uuid:1": "Patient/p", "Patient/1": "Patient/p"}
	const sent = `{"resourceType":"Basic", "id":"1","meta":{"versionId":"7","profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"urn:uuid:1"},"t":"Patient/1","_t":{"id":"1"}}`
	for name, c := range map[string]struct {
		served string
		same   bool
	}{
		"as sent but the reference":      {`{"resourceType":"Basic", "id":"1","meta":{"versionId":"7","profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}}`, true},
		"another id, version, time":      {`{"resourceType":"Basic", "id":"2","meta":{"versionId":"1","lastUpdated":"t","profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}}`, true},
		"without an id":                  {`{"resourceType":"Basic","meta":{"profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}}`, true},
		"a reference not rewritten":      {sent, false},
		"rewritten to another":           {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/q"},"t":"Patient/1","_t":{"id":"1"}}`, false},
		"a text that only looks like it": {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/p","_t":{"id":"1"}}`, false},
		"a decimal":                      {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"n":[1.0,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}}`, false},
		"an escape":                      {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"n":[1.00,1e400],"s":"\u00e9","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}}`, false},
		"white space":                    {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"n":[1.00, 1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}}`, false},
		"white space at the end":         {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}} `, false},
		"an id further in":               {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"2"}}`, false},
		"another profile":                {`{"resourceType":"Basic", "id":"1","meta":{"profile":["y"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}}`, false},
		"the order":                      {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"s":"é","n":[1.00,1e400],"r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}}`, false},
		"a member more":                  {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"},"x":1}`, false},
		"a member less":                  {`{"resourceType":"Basic", "id":"1","meta":{"profile":["x"]},"n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1"}`, false},
		"no meta":                        {`{"resourceType":"Basic", "id":"1","n":[1.00,1e400],"s":"é","r":{"reference":"Patient/p"},"t":"Patient/1","_t":{"id":"1"}}`, false},
	} {
		if err := Same([]byte(sent), []byte(c.served), moved); (err == nil) != c.same {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range [][2]string{
		{`{"resourceType":"Basic"}`, `{"resourceType":"Basic","id":"1","meta":{"versionId":"1","lastUpdated":"t"}}`},
		{`{"id":"1","resourceType":"Basic","x":1}`, `{"id":"9","resourceType":"Basic","meta":{"versionId":"1"},"x":1}`},
		{"{\n  \"resourceType\": \"Basic\",\n  \"x\": 1\n}", "{\n  \"resourceType\": \"Basic\",\n  \"id\": \"1\",\n  \"meta\": {\"versionId\": \"1\"},\n  \"x\": 1\n}"},
		{`{"resourceType":"Basic","text":{"div":"<a href=\"urn:uuid:1\">"}}`, `{"resourceType":"Basic","text":{"div":"<a href=\"Patient/p\">"}}`},
	} {
		if err := Same([]byte(c[0]), []byte(c[1]), moved); err != nil {
			t.Errorf("%s and %s: %v", c[0], c[1], err)
		}
		if Same([]byte(c[0]), []byte(c[1][:len(c[1])-1]+`,"y":2}`), moved) == nil {
			t.Errorf("%s: a member more is not seen", c[0])
		}
	}
}
