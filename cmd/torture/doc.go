// Torture is the developers' harness that breaks a store on purpose and looks at
// what is left. It is not shipped. Each mode is bounded, prints one line of
// figures, and exits with 1 if anything was harmed, with 2 if the machine lacks
// what it needs (it says what), with 0 otherwise.
//
//	torture power  -cycles N   the power goes while the server is under load
//	torture kill   -cycles N   kill -9 under load
//	torture flips  -n N        one bit of one file of a closed or a killed store
//	torture errors -each N     EIO and ENOSPC from the system's calls, by strace
//	torture full               full, read-only and dead disks
//	torture middle -cycles N   kill -9 in the middle of an operator's command
//
// # The words
//
//   - A person has a record, and five who use it at once over HTTP: one writes,
//     one imports, one sends a document, one grants and revokes, one reads under a
//     grant.
//   - The ledger is what the server has acknowledged to them, and what was asked
//     and not answered yet. It is kept by this process, which nobody stops.
//   - The examination opens a store and compares it with the ledger: by the person
//     who lost every device and comes with the recovery code and the memory of the
//     device, over the same HTTP doors. It asks for each entry, each import
//     (wholly or not at all), each grant and each revocation, and reads the whole
//     log: it must hold, and hold a leaf for every read and every write that was
//     answered, and no more than were asked for.
//
// # What a power cut is here
//
// The store is on ext4 in an image on a loop device. The server is stopped
// (SIGSTOP, and all its threads seen to stand), the ledger is taken, the image
// file is copied, and the server goes on. What only the file system's cache held
// is not in the image file: that is the loss. Then the copy is mounted, which
// replays its journal, and examined. A copy during which the kernel wrote to the
// device is thrown away and taken again: it would be of two moments.
//
// What it does not show: a disk that acknowledges a flush and has not done it, or
// reorders what it was given between two flushes. The loop device hands every
// write to the image at once, so a write that was never flushed and happened to be
// handed over counts as kept. And a board whose voltage sags writes rubbish;
// "flips" is the nearest to that.
//
// # What an injected error is here
//
// strace makes the n-th call of a kind fail in each thread of the server, without
// the call being made. A program cannot tell it from the system's own, but the
// disk is in order afterwards. What is in mapped memory is not reached by it: a
// mapped file's failure is a fault, which "full" makes happen on a file system
// that was shut down (EXT4_IOC_SHUTDOWN).
//
// # What it must never do
//
// Touch a file outside its own temporary folder, use another host than loopback,
// leave a mount, a loop device or a process behind, install anything.
package main
