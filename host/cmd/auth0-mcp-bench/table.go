package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// row is one figure of each server, ours first.
type row struct {
	name   string
	format string // of one figure, with its unit
	values []float64
	goal   string // for ours ÷ peer
}

// table is what a run found.
type table struct {
	rows  []row
	notes []string
}

func (t *table) add(name, format, goal string, values []float64) {
	t.rows = append(t.rows, row{name, format, values, goal})
}

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// print writes a column for each server, and the ratio and its goal if there are two.
func (t *table) print(out io.Writer, servers []server) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprint(w, "figure")
	for _, s := range servers {
		fmt.Fprint(w, "\t", s.name)
	}
	if len(servers) == 2 {
		fmt.Fprint(w, "\tours ÷ peer\tgoal")
	}
	fmt.Fprintln(w)
	for _, r := range t.rows {
		fmt.Fprint(w, r.name)
		for _, value := range r.values {
			fmt.Fprint(w, "\t", show(r.format, value))
		}
		if len(r.values) == 2 {
			fmt.Fprintf(w, "\t%s\t%s", show("%.2f", r.values[0]/r.values[1]), r.goal)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, note := range t.notes {
		fmt.Fprintln(out, note)
	}
	return nil
}

// show is a figure, or that this machine does not give it.
func show(format string, value float64) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return "unknown"
	}
	return fmt.Sprintf(format, value)
}

// percentile is the value that p percent of the values do not exceed, by rank; unknown if there are none.
func percentile(values []float64, p int) float64 {
	if len(values) == 0 || slices.ContainsFunc(values, math.IsNaN) {
		return unknown
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)*p/100]
}

// medians are those of each server's values.
func medians(values [][]float64) []float64 { return percentiles(values, 50) }

func percentiles(values [][]float64, p int) []float64 {
	var found []float64
	for _, of := range values {
		found = append(found, percentile(of, p))
	}
	return found
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
