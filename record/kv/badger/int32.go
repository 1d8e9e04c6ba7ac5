//go:build (386 || arm || mips || mipsle) && !ristretto32

package badger

// Where an int has 32 bits, Badger's allocator (ristretto, up to v2.4.2 at least)
// begins its first buffer again when that is full, and tables are written damaged.
// Such a program must not exist: .ci/go32 mends the module and sets the tag.
var _ = build_with_ci_go32_because_badger_damages_tables_on_32_bit_machines
