package store

import (
	"carehold/record/kv"
	"carehold/record/rows"
)

// The node's own rows. docs/format.md, "Rows".
const kindNode = rows.KindNode

var (
	storeKey = []byte{kindNode, 's'} // the store's id and format
	lossKey  = []byte{kindNode, 'l'} // an accepted loss is being worked through
	markKey  = []byte{kindNode, 'c'} // the clock's high-water mark
	movedKey = []byte{kindNode, 't'} // an accepted clock is being told to everybody
)

// nodePartition is the node's own. No person and no capsule has the id zero.
var nodePartition kv.Partition
