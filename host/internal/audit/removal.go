package audit

// RemovalCause is why rotation removed records.
type RemovalCause string

const (
	// RemovedForAge are records that were kept for their time.
	RemovedForAge RemovalCause = "age"
	// RemovedForSize are records of reading calls above the size of their chain.
	RemovedForSize RemovalCause = "size"
)

// Removal says which records rotation removed from the beginning of a chain. Those
// before From were removed earlier.
type Removal struct {
	// From and To are the numbers of the first and the last record that was removed.
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	// LastHash is the hash of record To, to which the first one that was kept refers.
	LastHash string `json:"last_hash"`
	// Until is the time of record To.
	Until string       `json:"until"`
	Why   RemovalCause `json:"why"`
	// Limit is the limit that applied, in words: "30 days", "100 MiB".
	Limit string `json:"limit"`
	// MissingFrom and MissingTo are records before From that were missing already,
	// and that no rotation had removed. Zero if there are none.
	MissingFrom uint64 `json:"missing_from,omitempty"`
	MissingTo   uint64 `json:"missing_to,omitempty"`
}

// Counted are requests of a call that have no records of their own, by what kept
// them from being sent or recorded.
type Counted struct {
	Rule  Rule `json:"rule"`
	Count int  `json:"count"`
	// Examples are the first few.
	Examples []Example `json:"examples,omitempty"`
}

// Example is one request among many.
type Example struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Reason string `json:"reason,omitempty"`
}
