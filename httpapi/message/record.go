package message

// Taken answers a record that was brought here. POST /holder/v1/record
type Taken struct {
	Person     ID     `json:"person"`
	Entries    uint64 `json:"entries"`
	Seq        uint64 `json:"seq"`
	Checkpoint []byte `json:"checkpoint"`
	Again      bool   `json:"again,omitzero"` // it was here already
}
