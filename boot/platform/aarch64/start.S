// Where firmware enters this program, AArch64. UEFI 2.10 §2.3.6: x0 is the image handle, x1 the system table, exception
// level 1 or 2.
//
// The spec promises floating point on and its control register at zero, on the boot processor; where firmware starts
// another one (other_processor), nobody does. Compilers use vector registers for copies of memory, too, so nothing that
// one made runs before this. What was changed goes back to firmware as it came.

        .set    EL2, 2 << 2                     // CurrentEL
        .set    HCR_E2H, 34                     // host mode: at level 2, cpacr_el1 is a name of cptr_el2
        .set    CPACR_FPEN, 3 << 20
        .set    CPTR_TFP, 1 << 10

        .text
        .globl  efi_start
        .p2align 4
efi_start:
        adrp    x9, efi_main
        add     x9, x9, :lo12:efi_main
        b       with_floats

        .globl  other_processor
other_processor:
        adrp    x9, other_processor_body
        add     x9, x9, :lo12:other_processor_body

// Calls x9 with x0 and x1 as they are.
with_floats:
        stp     x29, x30, [sp, #-48]!
        mov     x29, sp
        stp     x19, x20, [sp, #16]             // these are the caller's to keep
        str     x21, [sp, #32]
        mov     x21, xzr                        // is it CPTR_EL2 that was changed?
        mrs     x10, CurrentEL
        cmp     x10, #EL2
        b.ne    1f
        mrs     x10, hcr_el2
        tbnz    x10, #HCR_E2H, 1f
        mov     x21, #1
        mrs     x19, cptr_el2
        bic     x10, x19, #CPTR_TFP
        msr     cptr_el2, x10
        b       2f
1:      mrs     x19, cpacr_el1
        orr     x10, x19, #CPACR_FPEN
        msr     cpacr_el1, x10
2:      isb
        mrs     x20, fpcr
        msr     fpcr, xzr                       // to nearest, no flush to zero, nothing traps
        blr     x9
        msr     fpcr, x20
        cbz     x21, 3f
        msr     cptr_el2, x19
        b       4f
3:      msr     cpacr_el1, x19
4:      isb
        ldr     x21, [sp, #32]
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #48
        ret                                     // with what was returned in x0

// Where PSCI starts another processor: x0 is the address of a Job (starter.cpp). Address translation and caches are
// off, interrupts masked, and what this reads was written to memory past the caches. It takes over the boot processor's
// address translation, runs psci_body(), and switches itself off.
        .set    PSCI_CPU_OFF, 0x84000002

        .globl  psci_start, psci_start_end
        .p2align 6
psci_start:
        mov     x19, x0
        ldp     x1, x2, [x19]                   // TTBR0, TCR
        ldp     x3, x4, [x19, #16]              // MAIR, SCTLR
        ldp     x5, x6, [x19, #32]              // VBAR, HCR
        ldp     x7, x8, [x19, #48]              // level, stack
        cmp     x7, #2
        b.eq    1f
        msr     mair_el1, x3
        msr     tcr_el1, x2
        msr     ttbr0_el1, x1
        msr     vbar_el1, x5
        isb
        tlbi    vmalle1
        ic      iallu
        dsb     nsh
        isb
        msr     sctlr_el1, x4
        b       2f
1:      msr     hcr_el2, x6
        isb
        msr     mair_el2, x3
        msr     tcr_el2, x2
        msr     ttbr0_el2, x1
        msr     vbar_el2, x5
        isb
        tlbi    alle2
        ic      iallu
        dsb     nsh
        isb
        msr     sctlr_el2, x4
2:      isb
        mov     sp, x8
        mov     x29, xzr
        adrp    x9, psci_body
        add     x9, x9, :lo12:psci_body
        mov     x0, x19
        bl      with_floats
        ldr     x1, [x19, #64]                  // by SMC?
        movz    w0, #(PSCI_CPU_OFF >> 16), lsl #16
        movk    w0, #(PSCI_CPU_OFF & 0xffff)
        cbnz    x1, 3f
        hvc     #0
        b       4f
3:      smc     #0
4:      wfi                                     // it was refused: stay, with nothing to do
        b       4b
psci_start_end:
