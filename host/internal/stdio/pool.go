package stdio

import "slices"

// pool bounds how many calls run and how many wait. It only counts: the connection starts the calls, each on a goroutine
// of its own that ends with it, and holds its lock around every method.
type pool struct {
	concurrency, depth int
	running            int
	queue              []*call // oldest first
	frozen             bool    // nothing leaves the queue to run
}

// full tells whether a call can neither run nor wait.
func (p *pool) full() bool {
	return p.running >= p.concurrency && len(p.queue) >= p.depth
}

// add takes a call that fits (see full) to the end of the queue.
func (p *pool) add(k *call) { p.queue = append(p.queue, k) }

// next takes the oldest call that may run now off the queue; nil when there is none. Whoever gets it runs it and then
// calls leave.
func (p *pool) next() *call {
	if p.frozen || p.running >= p.concurrency || len(p.queue) == 0 {
		return nil
	}
	k := p.queue[0]
	p.queue = slices.Delete(p.queue, 0, 1) // clears the freed place, which would keep the call's memory
	p.running++
	return k
}

func (p *pool) leave() { p.running-- }

// remove takes a call off the queue; false when it isn't there.
func (p *pool) remove(k *call) bool {
	i := slices.Index(p.queue, k)
	if i < 0 {
		return false
	}
	p.queue = slices.Delete(p.queue, i, i+1)
	return true
}
