package message

import "time"

// Requests are the questions that came in at the person's addresses.
// GET /holder/v1/requests
type Requests struct {
	Requests []Asked `json:"requests"`
}

// Asked is one, sealed to the person.
type Asked struct {
	ID     ID     `json:"id"`
	Hour   uint32 `json:"hour"` // since 1970, after which it goes
	Sealed []byte `json:"sealed"`
}

// Answer is what the person says to one, sealed to who asked.
// POST /holder/v1/requests/{request}/answer
type Answer struct {
	Hour uint32 `json:"hour"`
	Blob []byte `json:"blob"`
}

// Lookup asks for a question by the code that who asked was shown.
// POST /holder/v1/requests/lookup
type Lookup struct {
	Code string `json:"code"`
}

// Coded is the answer.
type Coded struct {
	ID       ID        `json:"id"`
	Question []byte    `json:"question"` // docs/format.md, "Requests"
	Expires  time.Time `json:"expires"`
	Client   App       `json:"client"`
	Redirect string    `json:"redirect"` // the host, or the scheme, that the answer goes to
}

// App is what the server knows of a client. But for Verified it is the client's own
// word.
type App struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Organisation string `json:"organisation,omitzero"`
	URI          string `json:"uri,omitzero"`
	Host         string `json:"host,omitzero"`
	Verified     bool   `json:"verified"` // the server's operator has registered it
}

// Asking is what a program asks a person for, at an address of theirs.
type Asking struct {
	Name         string   `json:"name"`
	Organisation string   `json:"organisation,omitempty"`
	Role         string   `json:"role,omitempty"`
	Number       string   `json:"number,omitempty"`
	Register     string   `json:"register,omitempty"`
	Purpose      string   `json:"purpose,omitempty"`
	Scope        string   `json:"scope,omitempty"`
	Sections     []string `json:"sections,omitempty"`
	Days         int      `json:"days,omitempty"`
	Words        string   `json:"words,omitempty"`
	JKT          string   `json:"dpop_jkt,omitempty"` // thumbprint of the key that the token is to be bound to
}

// AskedFor is the answer to that: the secret that the person's answer is sealed to.
type AskedFor struct {
	Request string    `json:"request"`
	Expires time.Time `json:"expires"`
}

// Told is what the person said, as far as they have.
type Told struct {
	Status  string     `json:"status"` // waiting, approved, fetched, refused
	Words   string     `json:"words,omitempty"`
	Token   string     `json:"token,omitempty"`
	Type    string     `json:"token_type,omitempty"` // Bearer, or DPoP: with a proof of the key that was named
	Scope   string     `json:"scope,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
	FHIR    string     `json:"fhir,omitempty"`
}
