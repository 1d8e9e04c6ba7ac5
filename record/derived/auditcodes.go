package derived

import "carehold/record/audit"

// The code systems of an AuditEvent.
const (
	dicom       = "http://dicom.nema.org/resources/ontology/DCM"
	interaction = "http://hl7.org/fhir/restful-interaction"
	entityType  = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	entityRole  = "http://terminology.hl7.org/CodeSystem/object-role"
	lifecycle   = "http://terminology.hl7.org/CodeSystem/dicom-audit-lifecycle"
	outcomes    = "http://terminology.hl7.org/CodeSystem/audit-event-outcome"
	participate = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	resources   = "http://hl7.org/fhir/resource-types"
)

var (
	restful  = coding{"http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", "Restful Operation"}
	export   = coding{dicom, "110106", "Export"}
	security = coding{dicom, "110113", "Security Alert"}
	activity = coding{dicom, "110100", "Application Activity"}
	login    = coding{dicom, "110114", "User Authentication"}
	logUsed  = coding{dicom, "110101", "Audit Log Used"}
	patient  = coding{dicom, "110110", "Patient Record"}

	getToken   = coding{"urn:ihe:event-type-code", "ITI-71", "Get Access Token"}
	disclosed  = coding{"http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "disclose", "Disclose Record Lifecycle Event"}
	signedIn   = coding{dicom, "110122", "Login"}
	settings   = coding{dicom, "110129", "Security Configuration"}
	program    = coding{dicom, "110131", "Software Configuration"}
	restricted = coding{dicom, "110132", "Use of Restricted Function"}
	filed      = coding{dicom, "110135", "Object Security Attributes Changed"}
	rights     = coding{dicom, "110137", "User Security Attributes Changed"}

	// Of agents.
	sourceRole      = coding{dicom, "110153", "Source Role ID"}
	destinationRole = coding{dicom, "110152", "Destination Role ID"}
	application     = coding{dicom, "110150", "Application"}
	custodian       = coding{"http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian", "Custodian"}
	recipient       = coding{participate, "IRCP", "information recipient"}
	author          = coding{participate, "AUT", "author (originator)"}
	authorizer      = coding{"http://snomed.info/sct", "429577009", "Patient Advocate"}

	// Of entities.
	isPerson = coding{entityType, "1", "Person"}
	isObject = coding{entityType, "2", "System Object"}
	isOther  = coding{entityType, "4", "Other"}
	asPerson = coding{entityRole, "1", "Patient"}
	asReport = coding{entityRole, "3", "Report"}
	asDomain = coding{entityRole, "4", "Domain Resource"}
	asSafety = coding{entityRole, "13", "Security Resource"}
	asQuery  = coding{entityRole, "24", "Query"}
	created  = coding{lifecycle, "1", "Origination / Creation"}
	amended  = coding{lifecycle, "3", "Amendment"}
	deleted  = coding{lifecycle, "14", "Logical deletion"}
)

func rest(code string) coding { return coding{interaction, code, code} }

// sort is what an action is to AuditEvent: its type, subtype and action (C create,
// R read, U update, D delete, E execute).
type sort struct {
	typ     coding
	subtype []coding
	action  string
}

// sorts has those that are no interaction with resources. What a later program logs
// and this one knows nothing of is an application's activity.
var sorts = map[audit.Action]sort{
	audit.History: {logUsed, nil, "R"},
	audit.Move:    {security, []coding{filed}, "U"},
	audit.Undo:    {restful, []coding{rest("update"), rest("delete")}, "U"},
	audit.SignIn:  {login, []coding{signedIn}, "E"},
	audit.Strike:  {security, []coding{rights}, "U"},
	audit.Preview: {restful, []coding{rest("operation")}, "E"},
	audit.Used:    {security, []coding{restricted}, "E"},
	audit.Copy:    {export, nil, "R"},
	audit.Opened:  {export, []coding{disclosed, rest("read")}, "R"},

	// IHE IUA has one event for all that leads to a token. Its profile (IHE.IUA.71) is not
	// claimed: it wants the request, which the log has not, and has no place for a patient.
	audit.Collected: {login, []coding{getToken}, "E"},
	audit.Exchanged: {login, []coding{getToken}, "E"},
	audit.Refreshed: {login, []coding{getToken}, "E"},
	audit.Replayed:  {security, []coding{restricted, rights}, "U"},
	audit.GaveBack:  {security, []coding{rights}, "U"},

	audit.Contribute: {restful, []coding{rest("create")}, "C"},
	audit.TakenIn:    {restful, []coding{rest("create")}, "C"},
	audit.Dismissed:  {restful, []coding{rest("delete")}, "D"},

	audit.Enrol:      {patient, nil, "C"},
	audit.Grant:      {security, []coding{rights}, "C"},
	audit.Revoke:     {security, []coding{rights}, "U"},
	audit.SlotAdd:    {security, []coding{rights}, "C"},
	audit.SlotRemove: {security, []coding{rights}, "D"},
	audit.Evict:      {security, []coding{settings}, "U"},
	audit.Renew:      {security, []coding{settings}, "U"},
	audit.CarryOn:    {security, []coding{settings}, "U"},
	audit.CloseHere:  {security, []coding{settings}, "U"},
	audit.Reopen:     {security, []coding{settings}, "U"},

	audit.Amend:   {security, []coding{rights}, "U"},
	audit.Suspend: {security, []coding{rights}, "U"},
	audit.Resume:  {security, []coding{rights}, "U"},
	audit.Address: {security, []coding{settings}, "U"},
	audit.Approve: {security, []coding{rights}, "C"},

	audit.RingFetch:  {security, []coding{restricted}, "R"},
	audit.Restored:   {activity, []coding{settings}, "U"},
	audit.LossTaken:  {security, []coding{settings}, "U"},
	audit.ClockMoved: {activity, []coding{settings}, "U"},
	audit.Upgraded:   {activity, []coding{program}, "U"},
	audit.Brought:    {activity, []coding{settings}, "U"},
	audit.Asked:      {activity, nil, "E"},
}

// presented is what a token was given for.
var presented = map[audit.Action]string{
	audit.Collected: "an answer to a request",
	audit.Exchanged: "an authorization code",
	audit.Refreshed: "a refresh token",
	audit.Replayed:  "a code or refresh token that was used before",
}

// The profiles that are claimed.
const (
	balp        = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
	patientOnly = balp + "Patient" // Create, Read, Update, Delete, Query
	disclosure  = balp + "PrivacyDisclosure.Source"
)

// refusals are why something was refused: in words, and as an issue type of R4.
var refusals = map[audit.Reason]struct{ code, text string }{
	audit.Stopped:      {"forbidden", "the grant was stopped"},
	audit.Expired:      {"expired", "the time was over"},
	audit.OutsideGrant: {"not-found", "it is not in what was shared, or not there"},
	audit.NoVerb:       {"forbidden", "the grant does not allow it"},
	audit.BadRequest:   {"invalid", "the request was against a rule"},
	audit.WrongPlace:   {"forbidden", "this kind of grant is not for this"},
	audit.WrongCode:    {"login", "the passcode was another"},
	audit.UsedUp:       {"throttled", "the passcode was tried too often"},
	audit.NotTheirs:    {"forbidden", "the token is another client's, or came without its key"},
	audit.OnHold:       {"forbidden", "the grant is suspended"},
}
