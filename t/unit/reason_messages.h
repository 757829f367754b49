
/*
 * Messages of Violet's and of merchants' platforms, each with the reason that
 * the built-in patterns must find in it.  For test_reason.c.
 */

#ifndef REASON_MESSAGES_H
#define REASON_MESSAGES_H


#include "violet_reason.h"


typedef struct {
    const char        *words;
    violet_reason_t    reason;
} test_reason_t;


static const test_reason_t  test_words[] = {

    { "This item is no longer available for purchase.",
      VIOLET_REASON_ITEM_UNAVAILABLE },
    { "Could not complete external cart: One or more items in the cart "
      "are no longer available for purchase.",
      VIOLET_REASON_ITEM_UNAVAILABLE },
    { "Product is out of stock", VIOLET_REASON_ITEM_UNAVAILABLE },
    { "Out-of-stock", VIOLET_REASON_ITEM_UNAVAILABLE },
    { "Insufficient inventory for SKU 1", VIOLET_REASON_ITEM_UNAVAILABLE },
    { "Not enough stock", VIOLET_REASON_ITEM_UNAVAILABLE },
    { "The variant is unavailable", VIOLET_REASON_ITEM_UNAVAILABLE },
    { "This product has been discontinued",
      VIOLET_REASON_ITEM_UNAVAILABLE },
    { "This item is not available in this store",
      VIOLET_REASON_ITEM_UNAVAILABLE },

    { "Invalid item", VIOLET_REASON_ITEM_INVALID },
    { "The variant does not exist", VIOLET_REASON_ITEM_INVALID },
    { "Variant not found", VIOLET_REASON_ITEM_INVALID },
    { "Product 77 could not be found", VIOLET_REASON_ITEM_INVALID },
    { "The merchandise with id 9 doesn't exist",
      VIOLET_REASON_ITEM_INVALID },
    { "Quantity must be at least 2", VIOLET_REASON_ITEM_INVALID },

    { "Your card was declined.", VIOLET_REASON_PAYMENT_FAILED },
    { "Insufficient funds", VIOLET_REASON_PAYMENT_FAILED },
    { "Payment could not be processed", VIOLET_REASON_PAYMENT_FAILED },
    { "Your card's security code is incorrect.",
      VIOLET_REASON_PAYMENT_FAILED },
    { "Do not honor", VIOLET_REASON_PAYMENT_FAILED },
    { "3D Secure failed", VIOLET_REASON_PAYMENT_FAILED },

    { "The shipping method is no longer available",
      VIOLET_REASON_SHIPPING_INVALID },
    { "Shipping rate expired", VIOLET_REASON_SHIPPING_INVALID },
    { "No shipping methods for bag", VIOLET_REASON_SHIPPING_INVALID },
    { "We do not ship there", VIOLET_REASON_SHIPPING_INVALID },
    { "Item cannot be shipped to this address",
      VIOLET_REASON_SHIPPING_INVALID },
    { "Delivery options changed", VIOLET_REASON_SHIPPING_INVALID },

    { "The shipping address is invalid", VIOLET_REASON_ADDRESS_INVALID },
    { "Postal code is required", VIOLET_REASON_ADDRESS_INVALID },
    { "Invalid postcode", VIOLET_REASON_ADDRESS_INVALID },
    { "ZIP does not match the state", VIOLET_REASON_ADDRESS_INVALID },

    { "Invalid customer", VIOLET_REASON_CUSTOMER_INVALID },
    { "Customer is not valid", VIOLET_REASON_CUSTOMER_INVALID },
    { "Email address is invalid", VIOLET_REASON_CUSTOMER_INVALID },
    { "The e-mail is missing", VIOLET_REASON_CUSTOMER_INVALID },
    { "last_name must be set", VIOLET_REASON_CUSTOMER_INVALID },

    { "Discount code expired", VIOLET_REASON_DISCOUNT_INVALID },
    { "This coupon is no longer available",
      VIOLET_REASON_DISCOUNT_INVALID },

    { "Cart is not priced", VIOLET_REASON_CART_NOT_READY },
    { "The cart has not been priced", VIOLET_REASON_CART_NOT_READY },
    { "Cart must be priced first", VIOLET_REASON_CART_NOT_READY },
    { "Cart is empty", VIOLET_REASON_CART_NOT_READY },
    { "The cart is missing something", VIOLET_REASON_CART_NOT_READY },
    { "A required field was not sent", VIOLET_REASON_CART_NOT_READY },

    { "Cart not found", VIOLET_REASON_CART_NOT_FOUND },
    { "Cart 10000 does not exist", VIOLET_REASON_CART_NOT_FOUND },
    { "Could not find cart", VIOLET_REASON_CART_NOT_FOUND },
    { "Cart with id 7 was not found", VIOLET_REASON_CART_NOT_FOUND },
    { "The cart has expired", VIOLET_REASON_CART_NOT_FOUND },

    { "Submission in progress", VIOLET_REASON_SUBMIT_IN_PROGRESS },
    { "Cart is already being processed",
      VIOLET_REASON_SUBMIT_IN_PROGRESS },

    { "Cart already submitted", VIOLET_REASON_ALREADY_SUBMITTED },
    { "Order has already been completed",
      VIOLET_REASON_ALREADY_SUBMITTED },

    { "Merchant is disconnected", VIOLET_REASON_MERCHANT_UNAVAILABLE },
    { "The store is currently unavailable",
      VIOLET_REASON_MERCHANT_UNAVAILABLE },
    { "Shop has been closed", VIOLET_REASON_MERCHANT_UNAVAILABLE },
    { "The app was uninstalled from a disabled store",
      VIOLET_REASON_MERCHANT_UNAVAILABLE },
    { "The store is password protected",
      VIOLET_REASON_MERCHANT_UNAVAILABLE },

    { "One or more of your API Credentials are invalid",
      VIOLET_REASON_CREDENTIALS_REJECTED },
    { "Token has expired", VIOLET_REASON_CREDENTIALS_REJECTED },

    { "Too many requests", VIOLET_REASON_RATE_LIMITED },
    { "Request was throttled", VIOLET_REASON_RATE_LIMITED },

    { "Internal Server Error", VIOLET_REASON_UPSTREAM_ERROR },
    { "Service temporarily unavailable", VIOLET_REASON_UPSTREAM_ERROR },
    { "An unexpected error occurred", VIOLET_REASON_UPSTREAM_ERROR },

    { "Request timed out", VIOLET_REASON_UPSTREAM_TIMEOUT },
    { "Read timeout", VIOLET_REASON_UPSTREAM_TIMEOUT },

    { "", VIOLET_REASON_OTHER },
    { "discountenance", VIOLET_REASON_OTHER }
};


#endif /* REASON_MESSAGES_H */
