package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// tally counts what happened.
type tally struct {
	mu       sync.Mutex
	reads    map[outcome]int
	writes   map[outcome]int
	events   map[string]int
	slow     map[string]time.Duration
	examples map[outcome]map[string]int
}

func newTally() *tally {
	return &tally{reads: map[outcome]int{}, writes: map[outcome]int{}, events: map[string]int{},
		slow: map[string]time.Duration{}, examples: map[outcome]map[string]int{}}
}

func (t *tally) call(writes bool, got outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if writes {
		t.writes[got]++
	} else {
		t.reads[got]++
	}
}

func (t *tally) add(event string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events[event]++
}

func (t *tally) slowest(what string, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slow[what] = max(t.slow[what], took)
}

// example keeps some of the words with which calls failed.
func (t *tally) example(got outcome, text string) {
	if got == done {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.examples[got] == nil {
		t.examples[got] = map[string]int{}
	}
	if text = text[:min(len(text), 160)]; len(t.examples[got]) < 8 || t.examples[got][text] > 0 {
		t.examples[got][text]++
	}
}

func (t *tally) print(out io.Writer, took time.Duration, requests int, verbose bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\ncalls in %v\treading\twriting\n", took.Round(time.Second))
	reads, writes := 0, 0
	for _, o := range []outcome{done, changed, unknown, failed, invalid, busy, notStarted, cancelled, lost} {
		fmt.Fprintf(w, "  %s\t%d\t%d\n", o, t.reads[o], t.writes[o])
		reads, writes = reads+t.reads[o], writes+t.writes[o]
	}
	fmt.Fprintf(w, "  all\t%d\t%d\n", reads, writes)
	fmt.Fprintf(w, "requests that reached the tenant\t%d\n", requests)
	for _, event := range slices.Sorted(maps.Keys(t.events)) {
		fmt.Fprintf(w, "%s\t%d\n", event, t.events[event])
	}
	for _, what := range slices.Sorted(maps.Keys(t.slow)) {
		fmt.Fprintf(w, "%s\t%v\n", what, t.slow[what].Round(time.Millisecond))
	}
	_ = w.Flush() // to a terminal
	if !verbose {
		return
	}
	for _, o := range slices.Sorted(maps.Keys(t.examples)) {
		fmt.Fprintf(out, "\n%s:\n", o)
		for _, text := range slices.Sorted(maps.Keys(t.examples[o])) {
			fmt.Fprintf(out, "  %d × %q\n", t.examples[o][text], text)
		}
	}
}
