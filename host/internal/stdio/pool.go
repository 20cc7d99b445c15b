package stdio

import "slices"

// pool bounds how many calls run, how many wait, and what they hold. It only counts: the connection runs the calls,
// and holds its lock around every method.
type pool struct {
	what    string // what its calls do, for messages: "reading" or "writing"
	bounds  Bounds
	maxHeld int

	running   int
	held      int           // bytes of the calls that run or wait
	queue     []*call       // oldest first
	returning []*resumption // oldest first; served before the queue
}

// resumption is a call that has waited for the user and needs a place in its pool again.
type resumption struct {
	call  *call
	taken chan struct{} // closed when the call has its place
}

// full tells whether a call of that size can neither run nor wait. A single call always can.
func (p *pool) full(size int) bool {
	return p.running >= p.bounds.Running && len(p.queue) >= p.bounds.Queued || p.held > 0 && p.held+size > p.maxHeld
}

// add takes a call that fits (see full) to the end of the queue.
func (p *pool) add(k *call) {
	k.chargeTo(&p.held)
	p.queue = append(p.queue, k)
}

// next takes the oldest call that may run now off the queue; nil when there is none. Whoever gets it runs it and then
// calls leave. Calls that come back go first.
func (p *pool) next() *call {
	for p.running < p.bounds.Running && len(p.returning) > 0 {
		back := p.returning[0]
		p.returning = slices.Delete(p.returning, 0, 1)
		p.take(back.call)
		close(back.taken)
	}
	if p.running >= p.bounds.Running || len(p.queue) == 0 {
		return nil
	}
	k := p.queue[0]
	p.queue = slices.Delete(p.queue, 0, 1) // clears the freed place, which would keep the call's memory
	p.take(k)
	return k
}

func (p *pool) take(k *call) {
	p.running++
	k.placed = true
}

// leave gives the call's place back, if it has one.
func (p *pool) leave(k *call) {
	if k.placed {
		p.running--
		k.placed = false
	}
}

// giveUp removes a resumption that has not got its place.
func (p *pool) giveUp(back *resumption) {
	if i := slices.Index(p.returning, back); i >= 0 {
		p.returning = slices.Delete(p.returning, i, i+1)
	}
}

// remove takes a call off the queue; false when it isn't there.
func (p *pool) remove(k *call) bool {
	i := slices.Index(p.queue, k)
	if i < 0 {
		return false
	}
	p.queue = slices.Delete(p.queue, i, i+1)
	return true
}

// empty takes all calls off the queue.
func (p *pool) empty() []*call {
	queued := p.queue
	p.queue = nil
	return queued
}
