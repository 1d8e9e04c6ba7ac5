package crypto

// Label says what a derived key or id is for. All labels are made in this file;
// TestLabels checks that no two are alike and none begins another.
type Label struct{ name string }

var labels []string // the registry, in the order below

func label(name string) Label {
	labels = append(labels, name)
	return Label{name}
}

// The registry. The left column derives what the right column says; the words
// are those of docs/format.md.
var (
	// From the secret of a credential.
	LabelCapsuleID  = label("capsule-id")  // secret, kind -> name of the capsule
	LabelCapsuleKEK = label("capsule-kek") // secret, kind -> key of the capsule
	LabelOpened     = label("opened")      // secret, kind -> seals what the token opens, in memory between requests; never at rest
	LabelAsk        = label("ask-box")     // secret, kind -> X-Wing seed: the answer to a request is sealed to it

	// From the secret of a link, with its passcode if it has one.
	LabelLink = label("link") // -> seals what the link opens

	// From what a person types, scans or touches, to the secret of a slot.
	LabelPassphrase = label("passphrase") // Extract(device key, Argon2id) -> slot secret
	LabelRecovery   = label("recovery")   // Extract(-, 160 random bits) -> slot secret
	LabelPRF        = label("prf-output") // Extract(-, WebAuthn PRF output) -> slot secret

	// From R, the root key.
	LabelRing = label("ring") // -> key of the keyring

	// From the keys in the keyring.
	LabelSection = label("section") // E_e, section -> SK_{s,e}
	LabelEntryID = label("entry-id")
	LabelPatient = label("patient-id") // ID -> FHIR id of the record's own Patient
	LabelEpoch   = label("epoch-mask") // ID -> hides the epoch number beside an entry
	LabelSubject = label("subject")    // ID, client -> OpenID's name of the person, for one client
	LabelGrant   = label("grant")      // K_grants, grant -> GK_g
	LabelAudit   = label("audit")      // K_audit, grant -> AK_g
	LabelOwner   = label("owner")      // K_audit -> the key of the device's own leaves

	// From SK_{s,e}, a section's key in one epoch.
	LabelEntry    = label("seal-entry") // -> seals entries
	LabelTag      = label("view-tag")   // -> recognises entries
	LabelPrev     = label("prev")       // -> seals SK_{s,e-1}
	LabelSealSeed = label("box-seed")   // -> X-Wing seed, for contributions

	// From GK_g, a grant's key.
	LabelWrap = label("wrap")     // -> seals the grant's row
	LabelSub  = label("subgrant") // reserved: granting onward
	LabelPage = label("page")     // -> seals where a page of a list ends; never at rest
	LabelMemo = label("memo")     // -> seals what a search keeps in memory between requests; never at rest
	LabelSent = label("upload")   // -> seals a content that was sent and is not in the record yet

	// From the opening of what waits in the inbox.
	LabelContribution = label("contribution") // person, id, type, content, certificate -> holds the row to what was sealed

	// From AK_g or the owner's key.
	LabelLeaf = label("leaf") // -> seals log entries
	LabelHint = label("hint") // -> recognises log entries
	LabelName = label("name") // -> names log entries without their place; never at rest

	// From node.key.
	LabelHead       = label("head-mac")
	LabelAnchor     = label("anchor")
	LabelCheckpoint = label("checkpoint")
	LabelBelongs    = label("belongs")
	LabelMark       = label("clock-mark")
	LabelTries      = label("tries")
	LabelWaits      = label("waits")    // store, person, grant, id -> whose what waits in the inbox is
	LabelIDToken    = label("id-token") // -> seals the RSA key that signs id_tokens
)

// Labels returns the registry, for docs and tests.
func Labels() []string { return append([]string(nil), labels...) }

// ContextKind says what sort of object is sealed. All kinds are made here.
type ContextKind struct{ name string }

var contexts []string

func contextKind(name string) ContextKind {
	contexts = append(contexts, name)
	return ContextKind{name}
}

var (
	ContextCapsule   = contextKind("capsule")    // kind, id, expiry hour
	ContextRoot      = contextKind("root")       // person, capsule id of the slot
	ContextRing      = contextKind("ring")       // person, sequence
	ContextGrantRow  = contextKind("grant-row")  // person, grant
	ContextPrev      = contextKind("prev")       // person, section, epoch
	ContextEntry     = contextKind("entry")      // person, section, epoch, entry, version, chunk row index, count
	ContextLeafGrant = contextKind("leaf-grant") // person, grant, index
	ContextLeafOwner = contextKind("leaf-owner") // person, statement sequence
	ContextLeafNode  = contextKind("leaf-node")  // person, index
	ContextPage      = contextKind("page")       // person, grant
	ContextMemo      = contextKind("memo")       // person, grant, epoch, what, number
	ContextLink      = contextKind("link")       // capsule id
	ContextFile      = contextKind("file")       // capsule id, number of the file
	ContextTicket    = contextKind("ticket")     // nothing: under a key that is never at rest
	ContextSent      = contextKind("upload")     // person, grant, upload, index
	ContextOpened    = contextKind("opened")     // capsule id
	ContextAnswer    = contextKind("answer")     // capsule id of the request, expiry hour
	ContextAsked     = contextKind("asked")      // person, capsule id of the request
	ContextInbox     = contextKind("inbox")      // person, id
	ContextIDToken   = contextKind("id-token")   // store
)

// ContextKinds returns the registry, for docs and tests.
func ContextKinds() []string { return append([]string(nil), contexts...) }

// Context names one sealed object: what it is and where it belongs. A blob opens
// only under the context it was sealed under, so nothing can be moved, swapped
// or replayed elsewhere.
type Context struct{ b []byte }

// NewContext returns lp(kind) lp(field)….
func NewContext(kind ContextKind, fields ...[]byte) Context {
	b := make([]byte, 0, 128) // room for most
	b = appendLP(b, []byte(kind.name))
	for _, f := range fields {
		b = appendLP(b, f)
	}
	return Context{b}
}
