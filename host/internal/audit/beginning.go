package audit

// BeginningKind is what is known of the records before the first one of a chain.
type BeginningKind string

const (
	// BeginsComplete is record 1: there was none before it.
	BeginsComplete BeginningKind = "complete"
	// BeginsAfterRemoval is behind records that rotation removed, as the chain records.
	BeginsAfterRemoval BeginningKind = "rotated"
	// BeginsUnknown is a record of version 1, which removed files without a record of
	// it: whether rotation or a user removed the older ones is not known.
	BeginsUnknown BeginningKind = "unknown"
	// BeginsMissing is a break: records are missing that no rotation removed.
	BeginsMissing BeginningKind = "missing"
)

// Beginning is where a chain begins, and why there.
type Beginning struct {
	Kind BeginningKind
	// Removal is the record of the latest removal; nil if there is none.
	Removal *Record
}

// begins checks the beginning of the chain. A removal is recorded before the first
// file is removed, and files are removed oldest first: so a chain may begin at or
// before the first record that a removal kept, and never behind it.
func (v *verifier) begins() {
	first := v.First
	var latest *Record
	for i, r := range v.removals {
		if r.Removal.MissingTo > 0 {
			v.broke(v.first, "%s missing, and the log records no removal of them: their file was deleted before record %d",
				missing(r.Removal.MissingFrom, r.Removal.MissingTo), r.Seq)
		}
		if latest == nil || r.Removal.To >= latest.Removal.To {
			latest = &v.removals[i]
		}
		if r.Removal.To == first.Seq-1 && r.Removal.LastHash != first.Prev {
			v.broke(
				v.first,
				"record %d does not follow from the records that were removed before it: one of them was changed",
				first.Seq,
			)
		}
	}
	v.Beginning = Beginning{Kind: BeginsComplete, Removal: latest}
	switch {
	case first.Seq == 1 && first.Prev != "":
		v.broke(v.first, "record 1 refers to one before it: it was changed, or the log was made up")
	case first.Seq == 1:
	case latest != nil && first.Seq-1 <= latest.Removal.To:
		v.Beginning.Kind = BeginsAfterRemoval
	case latest == nil && first.Version < recordVersion:
		v.Beginning.Kind = BeginsUnknown
	default:
		v.Beginning.Kind = BeginsMissing
		from := uint64(1)
		if latest != nil {
			from = latest.Removal.To + 1
		}
		v.broke(
			v.first,
			"%s missing before record %d, and the log records no removal of them: their file was deleted",
			missing(from, first.Seq-1),
			first.Seq,
		)
	}
}
