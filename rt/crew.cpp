#include "rt/crew.hpp"

// Processors may see each other's writes in another order than they were made, and on Arm they do. What each order here
// is for:
// - Whoever takes a slice reads the share's word with `acquire`. It was written by run() with `release`, or by takes
//   after that, which carry it on: so whoever has a slice sees all that the owner wrote before the task, left_
//   included.
// - The end of a slice is a `release` of left_, whose last one run() reads with `acquire`: so the owner sees what every
//   slice wrote, and only then writes task_ and the like anew. A member that has taken a slice of a task read task_
//   before that end, and so never the next one's.
// - number_ is a `release` after all of these, read with `acquire`: a member that sees the number sees that task's
//   task_ and task_members_, or a later one's, whose shares have another number.
// - present_ is a `release` when a member leaves, read with `acquire`: at 0, nobody looks at the crew any more.
// - dismissed_ is read with `acquire` because recall() comes before the processors' next start, which orders all else.
namespace rt {
namespace {

// A share's word: the task's number in 32 bits, the next slice and the end in 16 each.
constexpr uint64_t share_word(uint32_t number, uint32_t next, uint32_t end) {
  return uint64_t{number} << 32 | uint64_t{next} << 16 | end;
}

}  // namespace

/// Spins until `done()`. The processor's hint that this is a loop costs an emulator far more than the loop, so it is
/// given rarely.
template <class Condition>
void Crew::spin_until(Condition done) const {
  constexpr uint32_t kSpinsPerHint = 2000;
  for (uint32_t spins = 0; !done();)
    if (++spins % kSpinsPerHint == 0) hint_();
}

bool Crew::take(Share& share, uint32_t number, uint32_t& slice) {
  uint64_t word = __atomic_load_n(&share.word, __ATOMIC_ACQUIRE);
  for (;;) {
    const uint32_t next = uint32_t(word >> 16 & 0xffff), end = uint32_t(word & 0xffff);
    if (uint32_t(word >> 32) != number || next == end) return false;
    if (__atomic_compare_exchange_n(&share.word, &word, share_word(number, next + 1, end), false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      slice = next;
      return true;
    }
  }
}

void Crew::work(uint32_t member, uint32_t members, uint32_t number, Task& task) {
  uint32_t slice = 0;
  for (uint32_t i = 0; i < members; ++i)
    while (take(shares_[(member + i) % members], number, slice)) {
      task.run(slice);
      __atomic_sub_fetch(&left_, 1, __ATOMIC_RELEASE);
    }
}

void Crew::run(Task& task, uint32_t slices) {
  if (members_ == 1 || slices == 1) {
    for (uint32_t slice = 0; slice < slices; ++slice) task.run(slice);
    return;
  }
  // Nobody looks at these before the shares carry the new number, and nobody can still be at the
  // last task: all its slices have ended.
  const uint32_t number = number_ + 1;
  __atomic_store_n(&task_, &task, __ATOMIC_RELAXED);
  __atomic_store_n(&task_members_, members_, __ATOMIC_RELAXED);
  __atomic_store_n(&left_, slices, __ATOMIC_RELAXED);
  for (uint32_t m = 0; m < members_; ++m)
    __atomic_store_n(&shares_[m].word,
                     share_word(number, slices * m / members_, slices * (m + 1) / members_),
                     __ATOMIC_RELEASE);
  __atomic_store_n(&number_, number, __ATOMIC_RELEASE);
  work(0, members_, number, task);
  spin_until([&] { return __atomic_load_n(&left_, __ATOMIC_ACQUIRE) == 0; });
}

void Crew::serve(uint32_t member) {
  __atomic_add_fetch(&present_, 1, __ATOMIC_ACQ_REL);
  uint32_t seen = 0;
  for (;;) {
    uint32_t number = seen;
    spin_until([&] {
      number = __atomic_load_n(&number_, __ATOMIC_ACQUIRE);
      return number != seen || __atomic_load_n(&dismissed_, __ATOMIC_ACQUIRE);
    });
    if (__atomic_load_n(&dismissed_, __ATOMIC_ACQUIRE)) break;
    seen = number;
    // These may be a later task's by now. Then no share carries `number` any more and nothing is
    // taken: a slice that is taken keeps its task from ending, and so these from changing.
    Task* const task = __atomic_load_n(&task_, __ATOMIC_ACQUIRE);
    const uint32_t members = __atomic_load_n(&task_members_, __ATOMIC_ACQUIRE);
    if (member < members) work(member, members, number, *task);
  }
  __atomic_sub_fetch(&present_, 1, __ATOMIC_ACQ_REL);
}

}  // namespace rt
