//go:build !linux

package supervisor

import "os"

// watchesMemory: neither macOS nor Windows tells another process's memory without
// cgo or a helper program. There GOMEMLIMIT is all there is.
const watchesMemory = false

type member struct{}

func family(int) ([]member, uint64) { return nil, 0 }

func end([]member) {}

func endMarked(string) int { return 0 }

func residentBytes(int) uint64 { return 0 }

// awaitExit cannot wait without reaping.
func awaitExit(*os.Process) bool { return false }
