package fileroot

// nonBlock is no flag here: a folder has no pipes in it.
const nonBlock = 0
