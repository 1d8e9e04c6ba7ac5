module carehold/crypto/wycheprooftest

go 1.26.4

require (
	github.com/c2sp/wycheproof v0.0.0-20260902155932-3fa63dd0344a
	golang.org/x/crypto v0.58.0
	golang.org/x/sys v0.49.0 // indirect
)
