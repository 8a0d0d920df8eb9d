#pragma once
#include "rt/workers.hpp"

namespace rt {

/// Several cores that work on one task after another. The owner's core is member 0 and calls run();
/// every other core runs serve() with a number of its own until dismiss(). Nobody sleeps: between
/// tasks members spin, since a task takes microseconds.
///
/// Each member first takes the slices that are its own, the same at every task, so that its share of
/// the weights stays in its caches; then it takes what others have left. So a core that the host has
/// given to somebody else delays a task only by the slice that it holds, and one that never comes not
/// at all.
class Crew final : public Workers {
 public:
  static constexpr uint32_t kMostMembers = 64;

  /// `members`: the most that can ever work, the owner included. `spinning`: the instruction that tells a processor
  /// that it only waits, where it has one.
  explicit Crew(uint32_t members, void (*spinning)() = [] {})
      : capacity_(members), members_(members), hint_(spinning) {}

  uint32_t capacity() const { return capacity_; }
  /// How many work from now on, 1 to capacity(). Called between tasks.
  void set_members(uint32_t members) { members_ = members; }
  uint32_t members() const { return members_; }

  uint32_t slices() const override { return slices_of(members_); }
  uint32_t most_slices() const override { return slices_of(capacity_); }
  void run(Task& task, uint32_t slices) override;

  /// Another core's work. Returns after dismiss().
  void serve(uint32_t member);
  /// Members that are in serve().
  uint32_t present() const { return __atomic_load_n(&present_, __ATOMIC_ACQUIRE); }
  /// Sends all members home; they are gone when present() is 0. recall() lets them serve again.
  void dismiss() { __atomic_store_n(&dismissed_, true, __ATOMIC_RELEASE); }
  bool dismissed() const { return __atomic_load_n(&dismissed_, __ATOMIC_ACQUIRE); }
  void recall() { __atomic_store_n(&dismissed_, false, __ATOMIC_RELEASE); }

 private:
  /// Parts that are one member's own: [next, end) of the task of number `task`, in one word, so
  /// that taking one and finding out that the task has changed is one step.
  struct alignas(64) Share {
    uint64_t word;
  };

  static uint32_t slices_of(uint32_t members) { return members == 1 ? 1 : members * 2; }
  void work(uint32_t member, uint32_t members, uint32_t number, Task& task);
  bool take(Share& share, uint32_t number, uint32_t& slice);

  template <class Condition>
  void spin_until(Condition done) const;

  uint32_t capacity_, members_;
  void (*hint_)();
  alignas(64) uint32_t number_ = 0;  // of the task at hand
  Task* task_ = nullptr;
  uint32_t task_members_ = 1;
  bool dismissed_ = false;
  alignas(64) uint32_t left_ = 0;  // slices that have not ended
  uint32_t present_ = 0;
  Share shares_[kMostMembers] = {};
};

}  // namespace rt
