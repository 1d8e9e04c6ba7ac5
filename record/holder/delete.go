package holder

import (
	"context"
	"errors"

	"carehold/record"
	"carehold/record/statement"
)

// Delete has the server delete the record for good: its entries, its log, its keyring and
// every way in, in the commit that takes the statement. There is nothing to go back to
// but a copy that somebody has. The Holder opens nothing afterwards: Close it.
//
// The word is the server's. That it let the record go can be seen, for the way in is
// asked for once more; that it kept no copy cannot, nor whether its backups still have
// one: until they run out, the ways in that were there open that.
func (h *Holder) Delete(ctx context.Context) error {
	if err := h.closeFor(ctx, statement.Deleted, "deleted this record"); errors.Is(err, ErrNoSlot) {
		return record.Safef(record.Unavailable, "the server's answer was lost, and this way in opens nothing any more: the record was deleted, or another device has removed this one. Open it on another device to see")
	} else if err != nil {
		return err
	}
	switch err := h.reloadSurely(ctx); {
	case errors.Is(err, ErrNoSlot):
		return nil
	case err != nil:
		return err
	}
	return record.Safef(record.Unprocessed, "this server has closed the record, and has not deleted it: its program is from before records could be deleted. Ask whoever runs it to take it away")
}
