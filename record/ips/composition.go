package ips

// What is made here, as FHIR JSON. Everything else in a document is copied.
type (
	coding struct {
		System  string `json:"system"`
		Code    string `json:"code"`
		Display string `json:"display,omitzero"`
	}
	concept struct {
		Coding []coding `json:"coding,omitzero"`
		Text   string   `json:"text,omitzero"`
	}
	reference struct {
		Reference string `json:"reference"`
	}
	text struct {
		Status string `json:"status"`
		Div    string `json:"div"`
	}
	meta struct {
		Profile  []string `json:"profile,omitzero"`
		Security []coding `json:"security,omitzero"`
	}
	identifier struct {
		System string `json:"system"`
		Value  string `json:"value"`
	}
	composition struct {
		ResourceType    string        `json:"resourceType"`
		ID              string        `json:"id"`
		Meta            meta          `json:"meta"`
		Language        string        `json:"language"`
		Text            text          `json:"text"`
		Status          string        `json:"status"`
		Type            concept       `json:"type"`
		Subject         reference     `json:"subject"`
		Date            string        `json:"date"`
		Author          []reference   `json:"author"`
		Title           string        `json:"title"`
		Confidentiality string        `json:"confidentiality"`
		Section         []compSection `json:"section"`
	}
	compSection struct {
		Title       string      `json:"title"`
		Code        concept     `json:"code"`
		Text        text        `json:"text"`
		Entry       []reference `json:"entry,omitzero"`
		EmptyReason *concept    `json:"emptyReason,omitzero"`
	}
	device struct {
		ResourceType string          `json:"resourceType"`
		ID           string          `json:"id"`
		DeviceName   []deviceName    `json:"deviceName"`
		Type         concept         `json:"type"`
		Version      []deviceVersion `json:"version,omitzero"`
	}
	deviceName struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	deviceVersion struct {
		Value string `json:"value"`
	}
	head struct {
		ResourceType string     `json:"resourceType"`
		Meta         meta       `json:"meta"`
		Identifier   identifier `json:"identifier"`
		Type         string     `json:"type"`
		Timestamp    string     `json:"timestamp"`
	}
)
