package audit_test

import (
	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
)

func auditKey(k crypto.Key, g record.GrantID) crypto.Key { return keys.AuditKey(k, g) }
