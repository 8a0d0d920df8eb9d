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
