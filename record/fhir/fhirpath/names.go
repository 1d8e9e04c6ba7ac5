package fhirpath

// environment reads a name after % (N1 "Environment variables", FHIR R4 fhirpath.html#variables).
func (p *parser) environment() (node, error) {
	t := p.tok
	switch t.kind {
	case word, quoted, text:
	default:
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if url, ok := constants[t.text]; ok {
		return literal{made("string", url)}, nil
	}
	switch t.text {
	case "resource":
		return environment((*state).resource), nil
	case "rootResource":
		return environment((*state).rootResource), nil
	case "context":
		return environment(func(s *state) Value { return s.ctx }), nil
	}
	return nil, p.errorf(t.at, "%%%s is not supported", t.text)
}

var constants = map[string]string{
	"ucum":  "http://unitsofmeasure.org",
	"sct":   "http://snomed.info/sct",
	"loinc": "http://loinc.org",
}

// typeName reads a type specifier.
func (p *parser) typeName() (typeName, error) {
	t := p.tok
	if t.kind != word && t.kind != quoted {
		return typeName{}, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return typeName{}, err
	}
	name := t.text
	// Only the two models have a dot behind them: (a as b).c has its parenthesis.
	if p.tok.kind == '.' && (name == "FHIR" || name == "System") {
		if err := p.advance(); err != nil {
			return typeName{}, err
		}
		name += "." + p.tok.text
		if err := p.advance(); err != nil {
			return typeName{}, err
		}
	}
	typ, ok := lookupType(name)
	if !ok {
		return typeName{}, p.errorf(t.at, "%s is no type of FHIR R4 or of FHIRPath", name)
	}
	return typ, nil
}
