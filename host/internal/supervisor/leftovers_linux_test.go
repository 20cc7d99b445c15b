package supervisor

func alive(pid int) bool { return startTime(pid) != "" }

func markedProcesses(mark string) []member { return marked(mark) }
