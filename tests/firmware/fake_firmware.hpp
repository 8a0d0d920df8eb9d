#pragma once
#include <functional>
#include <memory>

#include "boot/platform/entry.hpp"
#include "tests/firmware/fake_network.hpp"
#include "tests/firmware/fake_volume.hpp"
#include "uefi_headers/simple_text_input.hpp"

namespace test {

/// Where AllocatePages takes memory from.
enum class Memory { anywhere, below_4_gib, by_turns };

/// A machine to start the program on: what it has, what lies on its disk, who sits before it.
struct FakeMachine {
  std::map<std::string, Bytes> files;
  std::string options;             // LoadOptions
  std::vector<std::string> typed;  // at the prompt, line by line
  std::vector<uefi::InputKey> keys;  // then these
  uint32_t keys_at_once = 1;         // as when they are pasted
  uint64_t hurry = 0;                // somebody presses Esc at this look for a key; 0: nobody does

  bool console = true, keyboard = true, extended_keyboard = true;
  bool key_events = true;  // else a program can only look for keys again and again
  uint32_t text_modes = 4;
  bool screen = true, serial_line = true;  // what the console is made of
  bool rng = true, rng_ready = true, clock = true;
  bool volumes = true;       // that firmware shows
  bool from_disk = true;     // else started over the network: no device
  bool slash_path = false;   // the program's path begins with /, as U-Boot has it
  bool vendor = true;        // firmware says who made it
  uint32_t processors = 1;
  bool mp_services = true;
  uint64_t late_milliseconds = 0;  // before the other processors begin what they were started for
  uint64_t number_shift = 0;  // added to what other processors believe to be their numbers

  Memory memory = Memory::anywhere;
  uint64_t largest_piece = ~uint64_t{0};   // bytes of one AllocatePages at most
  uint64_t all_memory = ~uint64_t{0};      // bytes of all of them
  std::vector<uint64_t> free_pieces = {64, 1 << 16, 3};  // pages, as the memory map lists them
  bool map_boasts = false;  // GetMemoryMap claims more entries than it has written
  uint64_t map_growth = 2;  // entries that the map gains with each allocation

  uint32_t broken_volumes = 0;      // beside ours, and before it in every list
  uint64_t largest_read = ~uint64_t{0}, refused_read = ~uint64_t{0};
  uint64_t read_milliseconds = 0;  // that every Read takes
  bool changing_volume = false;    // it answers otherwise when the same bytes are read again
  uint64_t look_milliseconds = 0;  // that every look for a key takes
  bool read_only = false;
  uint64_t free_bytes = ~uint64_t{0};  // on the volume
  bool renames = true;                 // its files can be given other names
  uint64_t volume_lasts = ~uint64_t{0};  // calls until it is pulled out

  NetworkMachine network;

  Bytes built_in_model, built_in_tokenizer;
};

/// A row of the console, and the column of the cursor.
struct Row {
  std::u16string text;
  uint32_t cursor = 0;
};

/// What came of a start.
struct Outcome {
  uefi::Status status{};
  std::string screen;       // everything that was written
  std::string shown;        // the rows that one sees, and those that scrolled away
  std::vector<Row> waits;   // the row of the cursor, each time the program waited for a key
  std::string colors;       // the attribute of each byte of it
  std::string complaints;   // what was not given back, and the like; empty: none
  std::map<std::string, Bytes> files;  // on the volume, afterwards
  std::string reset;        // "shutdown", "cold": what ResetSystem was called with
  uint64_t watchdog_seconds = 0;  // until the machine is reset; 0: it is not
  bool network_touched = false;   // any protocol of it was called, or a card connected
  std::vector<std::string> told;  // what visitors over the network heard
  uint64_t calls[kServices] = {};
};

/// What runs on the machine.
using Program = std::function<uefi::Status(uefi::Handle image, uefi::SystemTable* system)>;

/// Starts the program as firmware would, and ends the whole test program with a message if it never
/// comes back. `program`: another one in its place.
Outcome start(const FakeMachine& machine, std::optional<Fault> fault = {}, const Program& program = efi_main);

}  // namespace test
