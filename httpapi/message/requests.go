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
