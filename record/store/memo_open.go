package store

// openMemo is a memo that is being read: which of its pages hold what is needed.
type openMemo struct {
	seal  memoSeal
	memo  *memo
	table []pageInfo
	plain []byte // the table, in the clear

	pages []int // that are needed
	size  int   // of what they open to: a buffer that grew would leave behind what was in it
	count int   // of entries on them
}

// openMemo opens the table of a memo and picks the pages of some types.
func (v *View) openMemo(m *memo, needs func(typ string) bool) (*openMemo, error) {
	o := &openMemo{seal: v.memoSeal(), memo: m}
	var err error
	if o.plain, err = o.seal.open(nil, inTable, 0, m.table); err != nil {
		o.close()
		return nil, err
	}
	o.table = parseTable(o.plain)
	asked := make(map[string]bool)
	for i, info := range o.table {
		if info.count == 0 {
			continue
		}
		needed, known := asked[info.typ]
		if !known {
			needed = needs(info.typ)
			asked[info.typ] = needed
		}
		if needed {
			o.pages = append(o.pages, i)
			o.size += len(m.pages[i])
			o.count += int(info.count)
		}
	}
	return o, nil
}

// page opens one page behind what is in dst.
func (o *openMemo) page(dst []byte, i int) ([]byte, error) {
	return o.seal.open(dst, inPage, i, o.memo.pages[i])
}

func (o *openMemo) close() {
	o.seal.key.Destroy()
	clear(o.plain)
}

// headers goes through the headers of some types, a page at a time.
func (v *View) headers(m *memo, needs func(typ string) bool, fn func(*header) error) error {
	o, err := v.openMemo(m, needs)
	if err != nil {
		return err
	}
	defer o.close()
	most := 0
	for _, i := range o.pages {
		most = max(most, len(m.pages[i]))
	}
	plain := make([]byte, 0, most)
	defer func() { clear(plain[:cap(plain)]) }()
	for _, i := range o.pages {
		page, err := o.page(plain, i)
		if err != nil {
			return err
		}
		parsePage(page, o.table[i].typ, func(h *header) {
			if err == nil {
				err = fn(h)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
