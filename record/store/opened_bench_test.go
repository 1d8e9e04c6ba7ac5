package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"carehold/crypto"
	"carehold/record/fhir"
)

// What a request with a grant's token costs below HTTP: the token is opened, an entry
// read, logged and synced. 16 at a time, in four records.
func BenchmarkReadByToken(b *testing.B) {
	_, s := newStore(b)
	var tokens []crypto.Credential
	for range 4 {
		d := enrol(b, s)
		me := d.session()
		for i := range 50 {
			put(b, me, fmt.Sprintf(`{"resourceType":"Observation","id":"x%d","code":{"text":"%01000d"}}`, i, i))
		}
		_, token := d.share(clinician(s))
		tokens = append(tokens, token)
	}
	var n atomic.Int64
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			v, err := s.Open(ctx, tokens[i%4])
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := v.Read(ctx, fhir.Ref{Type: "Observation", ID: fmt.Sprintf("x%d", i*7%50)}, 0); err != nil {
				b.Error(err)
			}
			v.Close()
		}
	})
}
